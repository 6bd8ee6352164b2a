import { createHash } from 'node:crypto';
import {
  type BlobStore,
  type ExportBatch,
  type ExportFile,
  indexName,
  readExportBin,
  renderIndex,
  verificationKeysName,
} from '@keyserver/export-file';
import { unixMillis } from '@keyserver/time';
import { type Destination, type PublishIndexDeps, isSamePlace } from '../publish-index.ts';
import { type RemakeDeps, type WhyNot, remakeBatch } from './remake-batch.ts';

/** What it takes to compare what is published with what was recorded. */
export type FindDamageDeps = PublishIndexDeps & RemakeDeps;

/** How an object is not what it should be. */
export type ObjectProblem = 'missing' | 'damaged' | 'outdated';

/** A file of a finished batch that is not as it was recorded. */
export interface BrokenFile {
  readonly name: string;
  readonly problem: ObjectProblem;
}

/** A finished batch with broken files, and whether they can be made a second time. */
export interface BrokenBatch {
  readonly batch: ExportBatch;
  readonly files: readonly BrokenFile[];
  readonly whyNot: WhyNot | undefined;
}

/** The index or the verification keys of a place, where they are not as they should be. */
export interface BrokenDocument extends BrokenFile {
  readonly bucket: string;
}

/** All that is broken of the files of all exports. */
export interface Damage {
  readonly places: readonly Destination[];
  readonly batches: readonly BrokenBatch[];
  readonly documents: readonly BrokenDocument[];
}

/** Looks at every listed file, every index and every list of verification keys; changes nothing. `looked` hears how many batches it looked at. */
export async function findDamage(
  deps: FindDamageDeps,
  signal: AbortSignal,
  looked: (batches: number) => void = () => undefined,
): Promise<Damage> {
  const now = await deps.storeTime();
  const since = unixMillis(Math.max(0, now - deps.retentionMs));
  const places: Destination[] = [];
  const batches: BrokenBatch[] = [];
  const documents: BrokenDocument[] = [];
  let count = 0;
  for (const live of await deps.listExports()) {
    const { batches: listed } = await deps.listings.listing(live.id, since);
    for (const batch of listed) {
      batches.push(...(await brokenIn(deps, batch, signal)));
      looked((count += 1));
    }
    for (const place of placesOf(live, listed)) {
      places.push(place);
      const here = listed.filter(({ config }) => isSamePlace(config, place));
      documents.push(...(await brokenDocuments(deps, place, namesLeft(here, batches))));
    }
  }
  return { places, batches, documents };
}

/** Where an export publishes now, and where listed files of it still lie. */
function placesOf(live: Destination, listed: readonly ExportBatch[]): readonly Destination[] {
  const all = [live, ...listed.map(({ config }) => config)];
  return all.filter((one, n) => all.findIndex((other) => isSamePlace(one, other)) === n);
}

async function brokenIn(
  deps: FindDamageDeps,
  batch: ExportBatch,
  signal: AbortSignal,
): Promise<readonly BrokenBatch[]> {
  signal.throwIfAborted();
  const bucket = deps.openBucket(batch.config.bucket);
  const files: BrokenFile[] = [];
  for (const file of batch.files) {
    const problem = await problemOf(bucket, file);
    if (problem !== undefined) files.push({ name: file.name, problem });
  }
  if (files.length === 0) return [];
  const remade = await remakeBatch(deps, batch, signal);
  return [{ batch, files, whyNot: typeof remade === 'string' ? remade : undefined }];
}

async function problemOf(bucket: BlobStore, file: ExportFile): Promise<ObjectProblem | undefined> {
  const found = await bucket.read(file.name);
  if (found === undefined) return 'missing';
  const bin = await readExportBin(found.content);
  const isRecorded =
    bin !== undefined && createHash('sha256').update(bin).digest('hex') === file.digest;
  return isRecorded ? undefined : 'damaged';
}

/** The names that an index will have once what cannot be made anew is taken out. */
function namesLeft(here: readonly ExportBatch[], broken: readonly BrokenBatch[]): Uint8Array {
  const lost = new Set(
    broken.flatMap(({ files, whyNot }) =>
      whyNot === undefined ? [] : files.map(({ name }) => name),
    ),
  );
  const names = here.flatMap(({ files }) => files.map(({ name }) => name));
  return renderIndex(names.filter((name) => !lost.has(name)));
}

async function brokenDocuments(
  { openBucket }: FindDamageDeps,
  { bucket: name, filenameRoot }: Destination,
  expected: Uint8Array,
): Promise<readonly BrokenDocument[]> {
  const bucket = openBucket(name);
  const index = await bucket.read(indexName(filenameRoot));
  const keys = await bucket.find(verificationKeysName(filenameRoot));
  const broken: BrokenDocument[] = [];
  // An export that has listed nothing yet has neither.
  if (index === undefined && keys === undefined && expected.length === 0) return broken;
  if (index === undefined || Buffer.compare(index.content, expected) !== 0)
    broken.push({
      bucket: name,
      name: indexName(filenameRoot),
      problem: index === undefined ? 'missing' : 'outdated',
    });
  if (keys === undefined)
    broken.push({ bucket: name, name: verificationKeysName(filenameRoot), problem: 'missing' });
  return broken;
}
