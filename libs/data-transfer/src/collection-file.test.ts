import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Collection, collection, int, optional, text } from '@keyserver/docstore';
import { documentsOf, headerOf } from './collection-file.ts';
import { renderManifest } from './manifest.ts';
import { openExport } from './open-export.ts';
import { frameOf, payloadOf } from './record.ts';
import { aNewDirectory, removeScratch } from './testing/stored-documents.ts';

const name = 'things';
const old = collection({ name, fields: { a: int() } });
const newer = collection({ name, fields: { a: int(), b: optional(text()) } });
const stricter = collection({ name, fields: { a: int(), b: text() } });
const otherKind = collection({ name, fields: { a: text() } });

/** A file of a collection with the given payloads. */
async function aFile(
  collection: Collection<object>,
  payloads: readonly Uint8Array[],
): Promise<string> {
  const directory = await aNewDirectory();
  mkdirSync(directory);
  const file = join(directory, 'things.records');
  writeFileSync(file, Buffer.concat([headerOf('x', collection.layout), ...payloads].map(frameOf)));
  return file;
}

async function read(file: string, collection: Collection<object>): Promise<unknown> {
  const values: object[] = [];
  for await (const { value } of documentsOf(file, { exportId: 'x', collection }))
    values.push(value);
  return values;
}

afterEach(removeScratch);

const anOldFile = async (): Promise<string> =>
  await aFile(old, [payloadOf(old, { id: 'one', value: { a: 0 } })]);

it('reads a file that was written before the collection had its last optional field', async () => {
  expect(await read(await anOldFile(), newer)).toEqual([{ a: 0 }]);
});

it('gives a document without its last fields the bytes that it had before there were any', () => {
  const found = { id: 'one', value: { a: 0 } };
  expect(payloadOf(newer, found)).toEqual(payloadOf(old, found));
});

it.each([
  ['that lacks a field', stricter],
  ['of other kinds', otherKind],
])('refuses a file %s', async (_, collection) => {
  await expect(read(await anOldFile(), collection)).rejects.toThrow(
    'things.records was written by another version of this program, with other fields',
  );
});

it('refuses a file with more fields than this version knows', async () => {
  const file = await aFile(newer, [payloadOf(newer, { id: 'one', value: { a: 1, b: 'c' } })]);
  await expect(read(file, old)).rejects.toThrow(/another version/);
});

it.each([
  ['cut short', Buffer.from([0, 1, 65])],
  ['longer than its fields', Buffer.from([0, 1, 65, 1, 0, 0])],
  ['shorter than its id', Buffer.from([0, 9, 65])],
])('refuses a document that is %s, though its checksum is right', async (_, payload) => {
  await expect(read(await aFile(old, [payload]), old)).rejects.toThrow(
    'things.records has a document that this version cannot read',
  );
});

it('refuses an export with a collection that this version does not know', async () => {
  const directory = join(await anOldFile(), '..');
  const digest = '0'.repeat(64);
  const stated = { name, documents: 1, digest, bytes: 1, sha256: digest };
  const manifest = { exportId: 'x', source: 'there', storeTime: 1, collections: [stated] };
  writeFileSync(join(directory, 'manifest.json'), renderManifest(manifest));
  await expect(openExport(directory, { liveAt: 0, buckets: new Map() })).rejects.toThrow(
    'the export has a collection things, which this version does not know',
  );
});
