import { createHash } from 'node:crypto';
import {
  type ListedKeys,
  type VerificationKey,
  indexName,
  parseIndex,
  parseVerificationKeys,
  readKeys,
  verificationKeysName,
  verifyExport,
} from '@keyserver/export-file';
import { BUCKET, type DemoExport } from './configuration.ts';
import type { Simulation } from './simulation.ts';

/** An archive as a phone has it after downloading. */
export interface DownloadedArchive {
  readonly name: string;
  /** SHA-256 of the whole file, hex; undefined when it could not be had. */
  readonly digest: string | undefined;
  readonly keys: ListedKeys['keys'];
  /** Report types of the revised keys, by key in base64. */
  readonly revised: ReadonlyMap<string, number>;
  readonly validSignatures: number;
  /** Why phones would not take it; empty when they would. */
  readonly faults: readonly string[];
}

/** A series of files as a phone sees it. */
export interface Series<E = DemoExport> {
  readonly export: E;
  readonly archives: readonly DownloadedArchive[];
  /** Why the series itself cannot be read. */
  readonly faults: readonly string[];
}

/** Where a phone downloads, and when. */
interface Downloading extends Pick<Simulation, 'clock'> {
  readonly urls: Pick<Simulation['urls'], 'cdn'>;
}
/** Which series of files. */
type Place = Readonly<Record<'id' | 'region', string>>;

/** Downloads a series of files: its index, its verification keys, and every archive that the index lists. */
export async function downloadSeries<E extends Place>(
  simulation: Downloading,
  of: E,
): Promise<Series<E>> {
  const { id } = of;
  const listed = parseIndex((await fetchObject(simulation, indexName(id))) ?? NOT_AN_INDEX);
  const document = await fetchObject(simulation, verificationKeysName(id));
  const keys = document && parseVerificationKeys(document);
  const faults = [
    ...(listed === undefined ? [`${indexName(id)} is no index`] : []),
    ...(keys === undefined ? [`${verificationKeysName(id)} lists no keys`] : []),
  ];
  const archives: DownloadedArchive[] = [];
  for (const name of listed ?? []) archives.push(await download(simulation, name, { of, keys }));
  return { export: of, archives, faults };
}

const NOT_AN_INDEX = Buffer.from('<html>');

async function download(
  simulation: Downloading,
  name: string,
  { of, keys = [] }: { of: Place; keys: readonly VerificationKey[] | undefined },
): Promise<DownloadedArchive> {
  const zip = await fetchObject(simulation, name);
  if (zip === undefined) return { ...NOTHING, name, faults: [`${name} is listed and not there`] };
  const expected = { keys, now: simulation.clock.now(), region: of.region };
  const { violations, signatures } = await verifyExport(zip, expected);
  const listed = await readKeys(zip);
  return {
    name,
    digest: createHash('sha256').update(zip).digest('hex'),
    keys: listed?.keys ?? [],
    revised: new Map(
      listed?.revisedKeys.map(({ data, reportType }) => [
        Buffer.from(data).toString('base64'),
        reportType ?? 0,
      ]),
    ),
    validSignatures: signatures.filter(({ outcome }) => outcome === 'valid').length,
    faults: violations.map(({ explanation }) => `${name}: ${explanation}`),
  };
}

const NOTHING = {
  ...{ digest: undefined, keys: [], validSignatures: 0 },
  revised: new Map<string, number>(),
};

async function fetchObject({ urls }: Downloading, name: string): Promise<Uint8Array | undefined> {
  const response = await fetch(`${urls.cdn}/${BUCKET}/${name}`);
  const content = await response.arrayBuffer();
  return response.status === 200 ? new Uint8Array(content) : undefined;
}
