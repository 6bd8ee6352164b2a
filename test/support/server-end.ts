import type { DocumentStore } from '@keyserver/docstore';
import type { OpenBucket, Signer } from '@keyserver/export-file';
import { type Emptying, type EmptyingDeps, emptyServer } from '@keyserver/operations';
import {
  type ExportFixture,
  type ExportPlatform,
  aSigningKey,
  anExport,
  hour,
  openExportFixture,
} from '@keyserver/export/testing';
import { seededRandom } from '@keyserver/random/testing';
import {
  type LifecycleGoal,
  beginClosing,
  deletedWith,
  openStoreFormat,
  readLifecycle,
  stateOf,
} from '@keyserver/stores';
import { DAY, HOUR, MINUTE, windowLength } from '@keyserver/time';

/** Who ends servers here. */
export const by = { actor: 'alex', random: seededRandom('decommission') };
/** How long files stay listed, ms. */
const KEEP = 14 * DAY;

/** Where a server is that is to end, and the signers it has by then. */
export interface EndingGround {
  readonly platform?: ExportPlatform;
  /** The key that signs files, and what signs with it; one in memory unless given. */
  readonly filesKey?: { readonly name: string; readonly signer: Signer & { readonly pem: string } };
}

/** A server with two files' worth of keys, one of them held back until the evening. */
export async function opened({ platform, filesKey }: EndingGround = {}): Promise<ExportFixture> {
  const fixture = await openExportFixture(platform);
  const known = { place: 'a test', window: windowLength(HOUR)!, profile: 'production' } as const;
  await openStoreFormat(fixture.store, known, by.random);
  if (filesKey !== undefined) {
    fixture.signers.set(filesKey.name, filesKey.signer);
    await fixture.declare(aSigningKey('k1', { signingKey: filesKey.name }));
  }
  await fixture.configure(anExport());
  await fixture.publish(3, { window: hour(11) });
  await fixture.publish(2, { window: hour(20) });
  fixture.clock.advance(MINUTE + fixture.store.closingDelay);
  await fixture.run();
  return fixture;
}

export const close = async (
  { store }: ExportFixture,
  goal: LifecycleGoal = 'decommission',
): ReturnType<typeof beginClosing> => await beginClosing(store, { goal, keepFilesMs: KEEP }, by);

export const state = async ({ store }: ExportFixture): Promise<string> =>
  stateOf(await readLifecycle(store));

/** The collections that hold something and must not. */
export async function leftIn({ store }: ExportFixture, goal: LifecycleGoal): Promise<string[]> {
  const left: string[] = [];
  for (const one of deletedWith(goal))
    for await (const page of store.pages(one, { limit: 1 }))
      if (page.length > 0) left.push(one.layout.name);
  return left;
}

/** Lets so much time pass, as a server does: jobs run every hour or so. */
export async function later(fixture: ExportFixture, ms: number, step = HOUR): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    fixture.clock.advance(step);
    await fixture.run();
  }
  await fixture.cut(); // the job that notes what the other one has made
}

/** A server that has closed and brought everything out, as long ago as files stay. */
export async function dueToEmpty(
  goal: LifecycleGoal,
  ground: EndingGround = {},
): Promise<ExportFixture> {
  const fixture = await opened(ground);
  await close(fixture, goal);
  await later(fixture, 10 * HOUR, 10 * HOUR);
  fixture.clock.advance(KEEP);
  return fixture;
}

/** What empties; ports are the fixture's own unless given. */
export type Empties = (ports?: Partial<EmptyingDeps>) => Promise<Emptying>;

/** What empties a server whose report such a key signs. */
export const emptying =
  (
    { store, deps: { openBucket } }: ExportFixture,
    { key, findSigner }: { readonly key: string; readonly findSigner: EmptyingDeps['findSigner'] },
  ): Empties =>
  async (ports = {}) =>
    await emptyServer({ ...{ store, openBucket, findSigner, ...by }, ...ports }, key);

/**
 * Empties a server over and over. The first run dies at its first write, the next one at its second, and so on, until one comes to
 * the end; time passes where archives have to stay. Tells how many have died.
 */
export async function emptyWithDeaths(
  { store, clock, deps }: ExportFixture,
  empty: Empties,
  moment: 'before' | 'after',
): Promise<number> {
  for (let [n, died] = [1, 0]; n < 200; n++) {
    const ports = mortalWrites(store, deps.openBucket, { n, moment });
    const came = await empty(ports).catch((fault: unknown) => {
      if (!(fault instanceof Death)) throw fault;
      died += 1;
    });
    if (came?.kind === 'done') return died;
    if (came?.kind === 'archives stay') clock.advance(2 * DAY);
  }
  throw new Error('it never came to its end');
}

class Death extends Error {}

/** A store and buckets whose n-th write is the last thing that is done, or the first that is not. */
function mortalWrites(
  store: DocumentStore,
  openBucket: OpenBucket,
  { n, moment }: { readonly n: number; readonly moment: 'before' | 'after' },
): { readonly store: DocumentStore; readonly openBucket: OpenBucket } {
  let writes = 0;
  const write = async <T>(act: () => Promise<T>): Promise<T> => {
    const isLast = ++writes === n;
    if (isLast && moment === 'before') throw new Death();
    const done = await act();
    if (isLast) throw new Death();
    return done;
  };
  const mortal = Object.create(store) as DocumentStore;
  mortal.transact = async (decide) => await write(async () => await store.transact(decide));
  mortal.deleteAll = async (from, query) =>
    await write(async () => await store.deleteAll(from, query));
  return {
    store: mortal,
    openBucket: (name) => {
      const bucket = openBucket(name);
      return {
        ...{ find: bucket.find.bind(bucket), read: bucket.read.bind(bucket) },
        list: bucket.list.bind(bucket),
        put: async (...given) => await write(async () => await bucket.put(...given)),
        delete: async (object) => {
          await write(async () => {
            await bucket.delete(object);
          });
        },
      };
    },
  };
}
