import { KEY_BYTES, NO_ONSET } from '@keyserver/exposure-keys';
import { DAY, INTERVAL, type UnixMillis, intervalAt } from '@keyserver/time';
import type { WireExport, WireKey } from './decode.ts';
import type { Findings } from './violation.ts';

/** What a key's times are measured against. */
export interface KeyTimes {
  readonly now: UnixMillis;
  /** How many days before the file's start a key may begin; phones look back 14, and days are cut by time zones. */
  readonly maxKeyAgeDays: number;
}

const MAX_PERIOD = 144;
const MAX_ONSET_DAYS = 14;
/** An operator may recall a key as long as it is stored, which is as long again as it may be old. */
const RECALL_FACTOR = 2;

/** Checks every key of a file by itself, and that none is listed twice. */
export function checkKeys(contents: WireExport, times: KeyTimes, findings: Findings): void {
  checkList(contents.keys, startRange(contents, times, 1), findings);
  checkList(contents.revisedKeys, startRange(contents, times, RECALL_FACTOR), findings);
}

interface StartRange {
  readonly first: number;
  readonly last: number;
}

/** Counted from the UTC day of the file's own start, so that a file stays as good as on its first day. */
function startRange(contents: WireExport, times: KeyTimes, factor: number): StartRange {
  const start = (contents.start ?? 0) * 1000;
  const oldest = start - (start % DAY) - factor * times.maxKeyAgeDays * DAY;
  return { first: oldest / INTERVAL, last: intervalAt(times.now) };
}

function checkList(keys: readonly WireKey[], range: StartRange, findings: Findings): void {
  const seen = new Set<string>();
  for (const key of keys) {
    findings.require(key.data.length === KEY_BYTES, 'key_size');
    findings.require(key.period >= 1 && key.period <= MAX_PERIOD, 'key_period');
    findings.require(Math.abs(key.onsetDays ?? 0) <= MAX_ONSET_DAYS, 'key_onset');
    checkStart(key.start, range, findings);
    const name = Buffer.from(key.data).toString('latin1');
    findings.require(!seen.has(name), 'duplicate_key');
    seen.add(name);
  }
}

function checkStart(start: number | undefined, range: StartRange, findings: Findings): void {
  findings.require(start !== undefined, 'key_start_missing');
  if (start === undefined) return;
  findings.require(start >= range.first, 'key_too_old');
  findings.require(start <= range.last, 'key_in_future');
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
