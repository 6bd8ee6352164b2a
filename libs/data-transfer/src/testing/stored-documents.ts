import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collection, DocumentStore, FieldKind, Found, Layout } from '@keyserver/docstore';
import { movedCollections } from '@keyserver/stores';
import fc from 'fast-check';

/** The time that stores of these tests begin at. */
export const NOON = Date.parse('2024-05-01T12:00:00Z');

const made: string[] = [];

/** A directory that does not exist yet, below one that `removeScratch` removes. */
export async function aNewDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'keyserver-data-'));
  made.push(parent);
  return join(parent, 'move');
}

/** Removes all such directories; for afterEach. */
export async function removeScratch(): Promise<void> {
  await Promise.all(
    made.splice(0).map(async (path) => {
      await rm(path, { recursive: true, force: true });
    }),
  );
}

/** A document, and where it belongs. */
export interface Placed {
  readonly collection: Collection<object>;
  readonly id: string;
  readonly value: object;
}

/** Writes documents of any collections. */
export async function put(store: DocumentStore, documents: readonly Placed[]): Promise<void> {
  for (let at = 0; at < documents.length; at += 20)
    await store.transact(async (tx) => {
      for (const { collection, id, value } of documents.slice(at, at + 20))
        tx.set(collection, id, value);
      await Promise.resolve();
    });
}

/** Everything that moves, as a store gives it back, by collection. */
export async function contentOf(
  store: DocumentStore,
): Promise<Readonly<Record<string, readonly Found<object>[]>>> {
  const content: Record<string, Found<object>[]> = {};
  for (const collection of movedCollections) {
    const all: Found<object>[] = [];
    for await (const page of store.pages(collection, {})) all.push(...page);
    content[collection.layout.name] = all;
  }
  return content;
}

const time = fc.integer({ min: NOON, max: NOON + 2 ** 31 });
const words = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 3 });
const optionalTime = fc.option(time, { nil: undefined });
const change = fc.record({
  action: fc.constantFrom('add', 'change', 'end', 'remove'),
  section: fc.string(),
  id: fc.string(),
  fields: fc.array(
    fc.record({
      field: fc.string(),
      before: fc.option(fc.string(), { nil: undefined }),
      after: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
      note: fc.constant(undefined),
    }),
    { maxLength: 2 },
  ),
});
const settings = fc.record({
  ...{ thru: optionalTime, from: time, period: time, minRecords: time },
  ...{ id: fc.string(), bucket: fc.string(), filenameRoot: fc.string(), outputRegion: fc.string() },
  ...{ inputRegions: words, excludeRegions: words, signingKeys: words },
  ...{ includeTravelers: fc.boolean(), onlyNonTravelers: fc.boolean() },
  ...{ paddingRange: fc.nat(), maxRecords: fc.nat(), padEmpty: fc.boolean() },
});
const publisher = fc.record({
  authority: fc.option(fc.record({ name: fc.string(), id: fc.nat() }), { nil: undefined }),
  ...{ regions: words, app: fc.string() },
});
const pooledShape = fc.record({
  shape: fc.record({
    keys: fc.array(
      fc.record({
        period: fc.integer({ min: 1, max: 144 }),
        ...{ startInDay: fc.nat(143), daysBefore: fc.nat(400) },
      }),
      { minLength: 1, maxLength: 3 },
    ),
    onsetBefore: fc.integer({ min: -10, max: 10 }),
  }),
  hour: fc.nat(23),
});
const signer = fc.record({
  ...{ keyVersion: fc.string(), id: fc.string(), signingKey: fc.string(), keyId: fc.string() },
});
const partner = fc.record({
  ...{ thru: optionalTime, from: time, unit: time, minRecords: time, paddingRange: fc.nat() },
  ...{ id: fc.string(), issuer: fc.string(), subject: fc.string(), audience: fc.string() },
  ...{ includeRegions: words, excludeRegions: words, includeTravelers: fc.boolean() },
  ...{ onlyLocalProvenance: fc.boolean(), mode: fc.constantFrom('padded', 'fresh') },
  ...{ maxPageKeys: fc.nat(), callsPerMinute: fc.nat() },
});
/** Values of `json` fields, the members not in the order in which they are read. */
const JSON_VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'auditEntries.changes': fc.array(change, { maxLength: 3 }),
  'exportBatches.settings': settings,
  'exportBatches.frozen': fc.record({
    ...{ encoder: fc.string(), signers: fc.array(signer, { maxLength: 2 }) },
    ...{ generated: fc.string(), maxRecords: fc.nat() },
  }),
  'exportBatches.files': fc.array(
    fc.record({ keys: fc.nat(), digest: fc.string(), name: fc.string() }),
    { maxLength: 3 },
  ),
  'exportVersions.settings': settings,
  'federationSyncs.rejects': fc.array(
    fc.record({
      count: fc.nat(),
      reason: fc.constantFrom('bounds', 'too_old', 'left_out'),
      field: fc.constantFrom('regions', 'exposureKey'),
    }),
    { maxLength: 3 },
  ),
  'padPlans.exports': fc.array(settings, { maxLength: 2 }),
  'padPlans.publishers': fc.array(publisher, { maxLength: 2 }),
  'padPlans.partners': fc.array(partner, { maxLength: 2 }),
  'partnerUnits.settings': partner,
  'partnerVersions.settings': partner,
  'timeResets.resets': fc.array(fc.record({ epoch: fc.nat(), from: time, to: time }), {
    maxLength: 2,
  }),
  'padShapes.shapes': fc.array(pooledShape, { maxLength: 3 }),
  'authorityKeySets.keys': fc.array(
    fc.record({
      ...{ thru: optionalTime, missingSince: optionalTime, from: time },
      ...{ publicKey: fc.string(), version: fc.string() },
    }),
    { maxLength: 2 },
  ),
  'authorityKeySets.revoked': fc.array(fc.record({ at: time, fingerprint: fc.string() }), {
    maxLength: 2,
  }),
  'healthAuthorities.keys': fc.array(
    fc.record({ thru: optionalTime, from: time, publicKey: fc.string(), version: fc.string() }),
    { maxLength: 2 },
  ),
};

const KINDS: Readonly<Record<FieldKind, fc.Arbitrary<unknown>>> = {
  int: fc.maxSafeInteger(),
  text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.from(bytes)),
  ints: fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { maxLength: 5 }),
  texts: words,
  json: fc.jsonValue(),
};

function fieldValue(
  layout: Layout,
  { name, kind }: Layout['fields'][number],
): fc.Arbitrary<unknown> {
  if (name === layout.expiry) return fc.integer({ min: NOON + 86_400_000, max: 2 ** 45 });
  // A lease in force would mean that somebody is at work.
  if (name === 'leaseExpires') return fc.integer({ min: 0, max: NOON });
  return JSON_VALUES[`${layout.name}.${name}`] ?? KINDS[kind];
}

const documents = new Map<Collection<object>, fc.Arbitrary<Placed>>();

/** Any document of a collection, with any of its optional fields missing. */
function documentOf(collection: Collection<object>): fc.Arbitrary<Placed> {
  const any = documents.get(collection) ?? newDocumentOf(collection); // to build one takes 20 ms
  documents.set(collection, any);
  return any;
}

function newDocumentOf(collection: Collection<object>): fc.Arbitrary<Placed> {
  const { layout } = collection;
  const fields = Object.fromEntries(
    layout.fields.map((field) => [field.name, fieldValue(layout, field)]),
  );
  const requiredKeys = layout.fields.flatMap(({ name, optional }) => (optional ? [] : [name]));
  const id = fc.stringMatching(/^[A-Za-z0-9é漢🔑.-]{1,30}$/u).filter((one) => !/^\.\.?$/.test(one));
  return fc.record({ id, value: fc.record(fields, { requiredKeys }) }).map((one) => ({
    ...one,
    collection,
  }));
}

/** Any documents of all collections that move. */
export const anyDocuments: fc.Arbitrary<readonly Placed[]> = fc
  .tuple(
    ...movedCollections.map((collection) =>
      fc.uniqueArray(documentOf(collection), { selector: ({ id }) => id, maxLength: 12 }),
    ),
  )
  .map((groups) => groups.flat());

/** Documents that were drawn: one of each collection, and the longest list of keys that anybody asked for. */
let drawn:
  { readonly others: readonly Placed[]; readonly keyBatches: readonly Placed[] } | undefined;

/** So many documents of keys and one of each other collection, the same each time. */
export function someDocuments(keyBatches: number): readonly Placed[] {
  if (drawn === undefined || drawn.keyBatches.length < keyBatches) drawn = draw(keyBatches);
  return [...drawn.others, ...drawn.keyBatches.slice(0, keyBatches)];
}

function draw(keyBatches: number): NonNullable<typeof drawn> {
  const others = movedCollections.flatMap((one) =>
    fc.sample(documentOf(one), { numRuns: 1, seed: 1 }),
  );
  const collection = movedCollections.find(({ layout }) => layout.name === 'keyBatches')!;
  const values = fc.sample(documentOf(collection), { numRuns: keyBatches, seed: 2 });
  return { others, keyBatches: values.map((one, n) => ({ ...one, id: `id${String(n)}` })) };
}
