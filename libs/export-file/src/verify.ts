import { createHash } from 'node:crypto';
import { KEY_AGE_HOURS } from '@keyserver/exposure-keys';
import { SECOND, type UnixMillis } from '@keyserver/time';
import { type KeyOrder, checkKeys, keyOrder } from './check-keys.ts';
import { type CheckedSignature, type KnownKey, checkSignatures } from './check-signatures.ts';
import type { WireExport, WireSignature } from './decode.ts';
import { MAX_BATCH_FILES } from './file-bounds.ts';
import { readExport } from './read-export.ts';
import { BATCH_NUMBER, BATCH_SIZE } from './signer-name.ts';
import { Findings, type Violation } from './violation.ts';

/** What an archive is held against. */
export interface ExpectedExport {
  /** The keys that may have signed it. */
  readonly keys: readonly KnownKey[];
  readonly now: UnixMillis;
  /** The region it must be for; any when undefined. */
  readonly region?: string | undefined;
  /** The server's MAX_KEY_AGE_HOURS; its default when undefined. */
  readonly maxKeyAgeHours?: number | undefined;
}

/** The verdict on an archive, and what it says where it could be read. */
export interface Verification {
  /** Empty when phones will take it. */
  readonly violations: readonly Violation[];
  readonly signatures: readonly CheckedSignature[];
  /** SHA-256 of export.bin, hex. */
  readonly digest: string | undefined;
  readonly contents:
    | {
        /** Unix seconds. */
        readonly start: number | undefined;
        readonly end: number | undefined;
        readonly region: string;
        readonly keys: number;
        readonly revisedKeys: number;
        readonly order: KeyOrder;
      }
    | undefined;
}

/** Each of several files of a batch ends a second after the one before, so a fresh one may end a little after now. */
const SPLIT_ALLOWANCE = MAX_BATCH_FILES * SECOND;

/** Checks an archive as phones do, and what they leave to the server. Never throws, whatever the bytes are. */
export async function verifyExport(
  zip: Uint8Array,
  expected: ExpectedExport,
): Promise<Verification> {
  const findings = new Findings();
  const read = await readExport(zip, findings);
  const { bin, contents } = read;
  const signatures = checkSignatures(read, expected.keys, findings);
  checkBatching(
    [...(contents === undefined ? [] : [contents]), ...(read.signatures ?? [])],
    findings,
  );
  if (contents !== undefined) checkContents(contents, expected, findings);
  return {
    violations: findings.list(),
    signatures,
    digest: bin === undefined ? undefined : createHash('sha256').update(bin).digest('hex'),
    contents: contents === undefined ? undefined : outlineOf(contents),
  };
}

const outlineOf = (contents: WireExport): NonNullable<Verification['contents']> => ({
  start: contents.start,
  end: contents.end,
  region: contents.region,
  keys: contents.keys.length,
  revisedKeys: contents.revisedKeys.length,
  order: keyOrder(contents),
});

function checkContents(contents: WireExport, expected: ExpectedExport, findings: Findings): void {
  const { now, region, maxKeyAgeHours = KEY_AGE_HOURS.default } = expected;
  const { start, end } = contents;
  const ordered = start !== undefined && end !== undefined && start < end;
  findings.require(ordered, 'bad_times');
  findings.require(!ordered || end * SECOND <= now + SPLIT_ALLOWANCE, 'ends_in_future');
  findings.require(region === undefined || contents.region === region, 'wrong_region');
  checkKeys(contents, { now, maxKeyAgeHours }, findings);
}

type Batching = Pick<WireExport | WireSignature, 'batchNumber' | 'batchSize'>;

function checkBatching(parts: readonly Batching[], findings: Findings): void {
  for (const { batchNumber, batchSize } of parts)
    findings.require(batchNumber === BATCH_NUMBER && batchSize === BATCH_SIZE, 'not_one_batch');
}
