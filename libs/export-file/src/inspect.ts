import { createHash } from 'node:crypto';
import { DAY, INTERVAL } from '@keyserver/time';
import { TemporaryExposureKey } from '#generated/export.js';
import type { WireExport, WireKey, WireSigner } from './decode.ts';
import { type ReadExport, readExport } from './read-export.ts';
import { Findings, type Violation } from './violation.ts';

/** How many keys a file lists, by report type as the wire calls it. */
type ReportTypeCounts = Readonly<Record<string, number>>;

/** An archive in figures that a person can read; nothing of a single key. */
export interface ExportSummary {
  /** SHA-256 of export.bin, hex. */
  readonly digest: string;
  /** Size of export.bin. */
  readonly bytes: number;
  /** Unix seconds. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly region: string;
  readonly signers: readonly WireSigner[];
  readonly keys: ReportTypeCounts;
  readonly revisedKeys: ReportTypeCounts;
  /** Keys and revised keys by the UTC day that they start on, oldest first. */
  readonly startDays: readonly StartDay[];
}

/** How many keys start on a day. */
interface StartDay {
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly keys: number;
  readonly revisedKeys: number;
}

const UNSTATED = 'unstated';

/** Reads an archive for people, without judging it: the faults are only those that kept it from being read. */
export async function inspectExport(zip: Uint8Array): Promise<{
  readonly faults: readonly Violation[];
  readonly summary: ExportSummary | undefined;
}> {
  const findings = new Findings();
  const read = await readExport(zip, findings);
  return { faults: findings.list(), summary: summaryOf(read) };
}

function summaryOf({ bin, contents }: ReadExport): ExportSummary | undefined {
  if (bin === undefined || contents === undefined) return undefined;
  const { start, end, region, signers } = contents;
  return {
    digest: createHash('sha256').update(bin).digest('hex'),
    bytes: bin.length,
    ...{ start, end, region, signers },
    keys: countTypes(contents.keys),
    revisedKeys: countTypes(contents.revisedKeys),
    startDays: countStartDays(contents),
  };
}

const countTypes = (keys: readonly WireKey[]): ReportTypeCounts =>
  Object.fromEntries(
    countBy(keys, ({ reportType }) =>
      reportType === undefined
        ? UNSTATED
        : (TemporaryExposureKey.ReportType[reportType] ?? UNSTATED),
    ),
  );

function countStartDays({ keys, revisedKeys }: WireExport): readonly StartDay[] {
  const dayOf = ({ start }: WireKey): number => Math.floor(((start ?? 0) * INTERVAL) / DAY);
  const [first, revised] = [countBy(keys, dayOf), countBy(revisedKeys, dayOf)];
  const days = [...new Set([...first.keys(), ...revised.keys()])].sort((a, b) => a - b);
  return days.map((day) => ({
    day: new Date(day * DAY).toISOString().slice(0, 'YYYY-MM-DD'.length),
    keys: first.get(day) ?? 0,
    revisedKeys: revised.get(day) ?? 0,
  }));
}

function countBy<T>(keys: readonly WireKey[], nameOf: (key: WireKey) => T): Map<T, number> {
  const counts = new Map<T, number>();
  for (const key of keys) counts.set(nameOf(key), (counts.get(nameOf(key)) ?? 0) + 1);
  return counts;
}
