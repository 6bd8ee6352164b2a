import protobuf from 'protobufjs/minimal.js';
import {
  type SignatureInfo,
  TEKSignatureList,
  type TemporaryExposureKey,
  TemporaryExposureKeyExport,
} from '#generated/export.js';
import { MAX_FILE_RECORDS } from './file-bounds.ts';
import { ASSUMED_PERIOD, EXPORT_HEADER, type SignerName } from './wire-format.ts';

/** A key as a file states it; undefined is what the file leaves out and has no assumed value. */
export interface WireKey {
  /** Any number of bytes. */
  readonly data: Uint8Array;
  readonly risk: number;
  readonly start: number | undefined;
  readonly period: number;
  readonly reportType: number | undefined;
  readonly onsetDays: number | undefined;
}

/** How a file names a key that signs it; empty where it says nothing. */
export interface WireSigner extends SignerName {
  readonly algorithm: string;
}

/** A signature of a file. */
export interface WireSignature {
  readonly signer: WireSigner;
  readonly batchNumber: number | undefined;
  readonly batchSize: number | undefined;
  readonly signature: Uint8Array;
}

/** What an export.bin says, unchecked. */
export interface WireExport {
  /** Unix seconds. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly region: string;
  readonly batchNumber: number | undefined;
  readonly batchSize: number | undefined;
  readonly signers: readonly WireSigner[];
  readonly keys: readonly WireKey[];
  readonly revisedKeys: readonly WireKey[];
}

/** Fields besides keys: five and ten signers, and what nobody knows yet. Objects are made of them, so they are bounded. */
const MAX_OTHER_FIELDS = 100;
const KEY_FIELDS = [7, 8];

/** The contents of an export.bin, or why it is none. */
export function decodeExport(
  bin: Uint8Array,
): WireExport | 'bad_header' | 'bin_unparsable' | 'too_many_keys' {
  if (!EXPORT_HEADER.equals(bin.subarray(0, EXPORT_HEADER.length))) return 'bad_header';
  const message = bin.subarray(EXPORT_HEADER.length);
  try {
    const { keys, others } = countFields(message);
    if (keys > MAX_FILE_RECORDS) return 'too_many_keys';
    if (others > MAX_OTHER_FIELDS) return 'bin_unparsable';
    return exportOf(TemporaryExposureKeyExport.decode(message));
  } catch {
    return 'bin_unparsable';
  }
}

/** The signatures of an export.sig of bounded size; undefined when it is none. */
export function decodeSignatures(sig: Uint8Array): readonly WireSignature[] | undefined {
  try {
    return TEKSignatureList.decode(sig).signatures.map((listed) => ({
      signer: signerOf(listed.signatureInfo ?? {}),
      batchNumber: listed.batchNum ?? undefined,
      batchSize: listed.batchSize ?? undefined,
      signature: listed.signature ?? new Uint8Array(),
    }));
  } catch {
    return undefined;
  }
}

/** How many keys and other fields a message has: an empty one costs two bytes, and its object far more. */
function countFields(message: Uint8Array): { readonly keys: number; readonly others: number } {
  const reader = protobuf.Reader.create(message);
  let [keys, others] = [0, 0];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (KEY_FIELDS.includes(tag >>> 3)) keys++;
    else others++;
    reader.skipType(tag & 7);
  }
  return { keys, others };
}

const exportOf = (decoded: TemporaryExposureKeyExport): WireExport => ({
  start: secondsOf(decoded.startTimestamp),
  end: secondsOf(decoded.endTimestamp),
  region: decoded.region ?? '',
  batchNumber: decoded.batchNum ?? undefined,
  batchSize: decoded.batchSize ?? undefined,
  signers: decoded.signatureInfos.map(signerOf),
  keys: decoded.keys.map(keyOf),
  revisedKeys: decoded.revisedKeys.map(keyOf),
});

/** The decoder gives 64-bit numbers as objects, whatever its types say; both print their digits. */
function secondsOf(decoded: number | null | undefined): number | undefined {
  const seconds = Number(String(decoded));
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

const signerOf = (info: SignatureInfo.$Properties): WireSigner => ({
  keyId: info.verificationKeyId ?? '',
  keyVersion: info.verificationKeyVersion ?? '',
  algorithm: info.signatureAlgorithm ?? '',
});

const keyOf = (key: TemporaryExposureKey.$Properties): WireKey => ({
  data: key.keyData ?? new Uint8Array(),
  risk: key.transmissionRiskLevel ?? 0,
  start: key.rollingStartIntervalNumber ?? undefined,
  period: key.rollingPeriod ?? ASSUMED_PERIOD,
  reportType: key.reportType ?? undefined,
  onsetDays: key.daysSinceOnsetOfSymptoms ?? undefined,
});
