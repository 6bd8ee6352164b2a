import {
  KEY_BYTES,
  KEY_PERIOD,
  NO_ONSET,
  ONSET_DISTANCE_DAYS,
  earliestReleasedEnd,
} from '@keyserver/exposure-keys';
import { DAY, type UnixMillis, intervalAt } from '@keyserver/time';
import type { WireExport, WireKey } from './decode.ts';
import type { Findings } from './violation.ts';

/** What a key's times are measured against. */
export interface KeyTimes {
  readonly now: UnixMillis;
  /** For how many hours after its end the server takes a key (its MAX_KEY_AGE_HOURS). */
  readonly maxKeyAgeHours: number;
}

/** Checks every key of a file by itself, and that none is listed twice. */
export function checkKeys(contents: WireExport, times: KeyTimes, findings: Findings): void {
  checkList(contents.keys, keyRange(contents, times, false), findings);
  checkList(contents.revisedKeys, keyRange(contents, times, true), findings);
}

interface KeyRange {
  /** The first interval in which a key may end. */
  readonly firstEnd: number;
  readonly lastStart: number;
}

/**
 * Counted from the UTC day of the file's own start, so that a file stays as good as on its first day. The whole day, as
 * padding imitates keys of any file of its day.
 */
function keyRange({ start = 0 }: WireExport, times: KeyTimes, recalled: boolean): KeyRange {
  const released = start * 1000 - ((start * 1000) % DAY);
  const maxAgeHours = times.maxKeyAgeHours;
  return {
    firstEnd: earliestReleasedEnd(released, { maxAgeHours, recalled }),
    lastStart: intervalAt(times.now),
  };
}

function checkList(keys: readonly WireKey[], range: KeyRange, findings: Findings): void {
  const seen = new Set<string>();
  for (const key of keys) {
    findings.require(key.data.length === KEY_BYTES, 'key_size');
    findings.require(key.period >= KEY_PERIOD.min && key.period <= KEY_PERIOD.max, 'key_period');
    findings.require(Math.abs(key.onsetDays ?? 0) <= ONSET_DISTANCE_DAYS.max, 'key_onset');
    checkTimes(key, range, findings);
    const name = Buffer.from(key.data).toString('latin1');
    findings.require(!seen.has(name), 'duplicate_key');
    seen.add(name);
  }
}

function checkTimes({ start, period }: WireKey, range: KeyRange, findings: Findings): void {
  findings.require(start !== undefined, 'key_start_missing');
  if (start === undefined) return;
  findings.require(start + period >= range.firstEnd, 'key_too_old');
  findings.require(start <= range.lastStart, 'key_in_future');
}

/** How the keys of a file are ordered: by metadata and then key, as here, by key alone, as elsewhere, or not at all. */
export type KeyOrder = 'metadata' | 'key' | 'none';

/** The order that both lists of a file keep. */
export function keyOrder({ keys, revisedKeys }: WireExport): KeyOrder {
  const lists = [keys, revisedKeys];
  if (lists.every((list) => isSorted(list, compareMetadata))) return 'metadata';
  return lists.every((list) => isSorted(list, compareData)) ? 'key' : 'none';
}

const isSorted = (keys: readonly WireKey[], compare: (a: WireKey, b: WireKey) => number): boolean =>
  keys.every((key, n) => {
    const before = keys[n - 1];
    return before === undefined || compare(before, key) <= 0;
  });

const compareData = (a: WireKey, b: WireKey): number => Buffer.compare(a.data, b.data);

function compareMetadata(a: WireKey, b: WireKey): number {
  const others = metadataOf(b);
  const difference = metadataOf(a)
    .map((value, n) => value - (others[n] ?? 0))
    .find((one) => one !== 0);
  return difference ?? compareData(a, b);
}

const metadataOf = (key: WireKey): readonly number[] => [
  key.start ?? 0,
  key.period,
  key.risk,
  key.reportType ?? 0,
  key.onsetDays ?? NO_ONSET,
];
