import { type DocumentStore, StoreFault } from '@keyserver/docstore';
import { planSpanOf } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { SECOND, type UnixMillis, alwaysWindow, unixMillis } from '@keyserver/time';
import { type Comparison, type KnownFormat, keyHashCheckOf, mismatchOf } from './compare-format.ts';
import { contradictionIn } from './format-evidence.ts';
import { SHARDS } from './key-batch-document.ts';
import {
  FORMAT_ID,
  FORMAT_VERSION,
  type StoreFormat,
  StoreFormatFault,
  readStoreFormat,
  storeFormat,
} from './store-format.ts';
import { wrappingCheckOf } from './wrapping-check.ts';

const ID_BYTES = 16;

/**
 * Compares a store with what is known of it, and writes down what is known and the store did not say yet: all of it in a new
 * store, and in one that an earlier version has left behind after its documents were looked at. Throws a StoreFormatFault.
 */
export async function openStoreFormat(
  store: DocumentStore,
  known: KnownFormat,
  random: Random,
): Promise<StoreFormat> {
  const comparison = await comparisonOf(store, known);
  const before = await readStoreFormat(store);
  if (before !== undefined) refuse(await mismatchOf(before, comparison));
  if (before !== undefined && isComplete(before, known)) return before;
  if (before?.windows === undefined) refuse(windowAcrossPlans(known));
  refuse(await contradictionIn(store, unsaid(before, comparison)));
  // Drawn outside the transaction, which may run twice.
  const fresh = { ...newFormat(store, random), ...(await statedBy(known, random)) };
  return await store.transact(async (tx) => {
    const present = await readStoreFormat(tx);
    // Somebody else may have been faster, and may know otherwise.
    if (present !== undefined) refuse(await mismatchOf(present, comparison));
    const format = { ...fresh, ...present };
    tx.set(storeFormat, FORMAT_ID, format);
    return format;
  });
}

/** Compares a store with what is known of it and writes nothing; a store that does not say its format is taken as it is. */
export async function compareStoreFormat(
  store: DocumentStore,
  known: KnownFormat,
): Promise<StoreFormat | undefined> {
  const format = await readStoreFormat(store);
  if (format !== undefined) refuse(await mismatchOf(format, await comparisonOf(store, known)));
  return format;
}

/** What has become of a store since it was opened, as a sentence; undefined while it is the same one. */
export async function formatChange(
  store: DocumentStore,
  opened: StoreFormat,
): Promise<string | undefined> {
  const format = await readStoreFormat(store);
  if (format === undefined) return 'the store does not say its format any more: was it replaced?';
  const isSame = LASTING.every((name) => format[name] === opened[name]);
  return isSame ? undefined : 'the store is not the one that was opened: was it replaced?';
}

/** What never changes in a store once it is said. */
const LASTING = [
  'version',
  'storeId',
  'shards',
  'closingDelay',
  'profile',
  'keyHashCheck',
] as const;

const comparisonOf = async (store: DocumentStore, known: KnownFormat): Promise<Comparison> => ({
  ...known,
  closingDelay: store.closingDelay,
  now: await timeOf(store),
});

// With a clock that is doubted a service starts all the same, writes nothing, and goes on once the clock is right. The newest
// window is the one that it must agree with.
async function timeOf(store: DocumentStore): Promise<UnixMillis> {
  try {
    return await store.now();
  } catch (fault) {
    if (fault instanceof StoreFault && fault.code === 'clock') return LAST;
    throw fault;
  }
}

const LAST = unixMillis(8_640_000_000_000_000);

function refuse(sentence: string | undefined): void {
  if (sentence !== undefined) throw new StoreFormatFault(sentence);
}

/** A window that does not divide the span of a plan would leave no period that an export could have. */
function windowAcrossPlans({ window, profile }: KnownFormat): string | undefined {
  const span = planSpanOf(profile);
  return window === undefined || span % window === 0
    ? undefined
    : `TRUNCATE_WINDOW_SECONDS is ${window / SECOND}, but in the profile ${profile} a plan lasts ${span / SECOND} s: set it to a number that divides ${span / SECOND}`;
}

const newFormat = (store: DocumentStore, random: Random): StoreFormat => ({
  version: FORMAT_VERSION,
  storeId: Buffer.from(random.bytes(ID_BYTES)).toString('hex'),
  shards: SHARDS,
  closingDelay: store.closingDelay,
});

/** What is known, as it is stored. */
const statedBy = async (
  { window, profile, keyHashSecret, wrapping }: KnownFormat,
  random: Random,
): Promise<Partial<StoreFormat>> => ({
  ...(window === undefined ? {} : { windows: alwaysWindow(window) }),
  ...(profile === undefined ? {} : { profile }),
  ...(keyHashSecret === undefined ? {} : { keyHashCheck: keyHashCheckOf(keyHashSecret) }),
  ...(wrapping === undefined ? {} : await wrappingCheckOf(wrapping, random)),
});

const isComplete = (format: StoreFormat, known: KnownFormat): boolean =>
  (known.window === undefined || format.windows !== undefined) &&
  (known.profile === undefined || format.profile !== undefined) &&
  (known.keyHashSecret === undefined || format.keyHashCheck !== undefined) &&
  (known.wrapping === undefined || format.wrapped !== undefined);

/** What is known and the store does not say: that must be seen to fit its documents. */
function unsaid(format: StoreFormat | undefined, known: Comparison): Comparison {
  const { windows, keyHashCheck } = format ?? {};
  const { window, keyHashSecret, ...rest } = known;
  return {
    ...rest,
    ...(window === undefined || windows !== undefined ? {} : { window }),
    ...(keyHashSecret === undefined || keyHashCheck !== undefined ? {} : { keyHashSecret }),
  };
}
