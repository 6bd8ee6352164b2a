import type { ListedKeys } from '@keyserver/export-file';
import { KEY_BYTES, NO_ONSET, RECORD, RECORD_BYTES } from '@keyserver/exposure-keys';
import { INTERVALS_PER_DAY } from '@keyserver/time';

/** A key as everybody reads it in a file. */
export interface SeenKey {
  readonly data: Uint8Array;
  /** Interval numbers and counts of intervals. */
  readonly start: number;
  readonly period: number;
  readonly risk: number;
  /** The code in the file. */
  readonly reportType: number;
  /** UTC days from onset to start; undefined when the file does not say. */
  readonly onsetDays: number | undefined;
}

/** All files of one batch, joined. */
export interface SeenFile {
  /** UTC day number on which the batch begins, as the files say. */
  readonly day: number;
  readonly keys: readonly SeenKey[];
}

/** The truth about a file: whose each key is, by its place; GENERATED for nobody's. */
export interface LabelledFile extends SeenFile {
  readonly owners: readonly number[];
}

/** The owner of keys that no phone made. */
export const GENERATED = -1;

/** What the files of a batch list as new keys. */
export const seenKeys = ({ keys }: ListedKeys): readonly SeenKey[] =>
  keys.map(({ start, reportType, ...rest }) => ({
    ...rest,
    start: start ?? 0,
    reportType: reportType ?? 0,
  }));

/** What files would list of packed records: the same, but without a service in between. */
export function seenRecords(records: Uint8Array): readonly SeenKey[] {
  const bytes = Buffer.from(records.buffer, records.byteOffset, records.byteLength);
  return Array.from({ length: records.length / RECORD_BYTES }, (_, n) => {
    const at = n * RECORD_BYTES;
    const onsetDays = bytes.readInt8(at + RECORD.onsetDays);
    return {
      data: bytes.subarray(at, at + KEY_BYTES),
      start: bytes.readUInt32LE(at + RECORD.start),
      period: bytes.readUInt8(at + RECORD.period),
      risk: bytes.readUInt8(at + RECORD.risk),
      reportType: bytes.readUInt8(at + RECORD.reportType),
      onsetDays: onsetDays === NO_ONSET ? undefined : onsetDays,
    };
  });
}

/** UTC days from a key's start to the day of its file. */
export const ageOf = (key: SeenKey, { day }: SeenFile): number =>
  day - Math.floor(key.start / INTERVALS_PER_DAY);

/** The onset day of keys of which a file says none. */
const NO_ONSET_DAY = 63;

/** UTC days from symptom onset to the day of the file; negative where symptoms began later. */
export const onsetBefore = (key: SeenKey, file: SeenFile): number =>
  key.onsetDays === undefined ? NO_ONSET_DAY : ageOf(key, file) + key.onsetDays;

/** Report type and risk of a key as one number. */
export const combinationOf = ({ reportType, risk }: SeenKey): number => reportType * 16 + risk;

/** All that a file says of a key but the key itself, seen from the day of the file, as one number. */
export function classOf(key: SeenKey, file: SeenFile): number {
  const period = (ageOf(key, file) * INTERVALS_PER_DAY + (key.start % INTERVALS_PER_DAY)) * 256;
  return ((period + key.period) * 256 + combinationOf(key)) * 128 + (onsetBefore(key, file) + 64);
}
