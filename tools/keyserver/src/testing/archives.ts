import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import {
  type NamedSigner,
  type Signer,
  encodeExport,
  renderVerificationKeys,
  signExport,
  writeArchive,
} from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { DAY, SECOND, intervalAt, unixMillis, unixSeconds } from '@keyserver/time';
import { NOW } from './run-cli.ts';

/** Unix seconds that the archives begin and end at. */
const START = NOW / SECOND - 14_400;
const END = NOW / SECOND;

const NAME = { keyId: '310', keyVersion: 'v1' };

/** A signer with the name that the archives give it. */
export const signer = memorySigner();

/** The document that publishes the signer's key. */
export const keysDocument = (pem = signer.pem): Uint8Array =>
  renderVerificationKeys([{ ...NAME, publicKey: pem, from: unixMillis(0), thru: undefined }]);

const key = (n: number, period: number, daysBack: number): ExposureKey => ({
  data: createHash('sha256').update(String(n)).digest().subarray(0, 16),
  start: intervalAt(unixMillis(NOW - (daysBack + (n % 3)) * DAY)),
  period,
  risk: 2,
  reportType: n % 2 === 0 ? 'confirmed' : 'likely',
  onsetDays: 0,
});

/** A genuine archive of so many keys, or of one that the caller spoils. */
export async function anArchive(
  options: {
    readonly keys?: number;
    readonly period?: number;
    /** How many days before the end the newest key starts. */
    readonly daysBack?: number;
    readonly region?: string;
    readonly signer?: Signer;
    /** In the place of the one signer. */
    readonly signers?: readonly NamedSigner[];
    readonly start?: number;
    readonly end?: number;
  } = {},
): Promise<Uint8Array> {
  const count = options.keys ?? 3;
  const signers = options.signers ?? [{ ...NAME, signer: options.signer ?? signer }];
  const none = { records: Buffer.alloc(0), order: new Uint32Array() };
  const keys = Array.from({ length: count }, (_, n) =>
    key(n, options.period ?? 144, options.daysBack ?? 2),
  ).sort(byMetadata);
  const contents = {
    start: unixSeconds(options.start ?? START),
    end: unixSeconds(options.end ?? END),
    region: options.region ?? 'US',
    signers,
    keys: {
      records: Buffer.from(packRecords(keys)),
      order: Uint32Array.from(keys.keys()),
    },
    revisedKeys: none,
  };
  const bin = (): Iterable<Uint8Array> => encodeExport(contents);
  const { sig } = await signExport(bin(), signers);
  return await buffer(writeArchive(bin, sig));
}

const byMetadata = (a: ExposureKey, b: ExposureKey): number =>
  a.start - b.start || Buffer.compare(a.data, b.data);
