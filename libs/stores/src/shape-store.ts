import { type DocumentStore, collection, int, json } from '@keyserver/docstore';
import type { KeyBatch } from '@keyserver/exposure-keys';
import { type ShapePool, ShapeSample, parseShapePool } from '@keyserver/padding';
import { type Random, shuffle } from '@keyserver/random';
import { type Clock, DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { SHARDS } from './key-batch-document.ts';
import { readShard } from './key-reader.ts';

/** Shapes of one UTC day's uploads, without keys: what generated documents are drawn after. The id is the day. */
export const padShapes = collection({
  name: 'padShapes',
  fields: { shapes: json(parseShapePool), expireAt: int() },
  indexes: [['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
});

/** Days that the pool goes back. */
const POOL_DAYS = 14;
/** Shapes in the pool; a few thousand bytes in each day's document. */
const MOST_SHAPES = 2000;
const MOST_OF_A_DAY = Math.floor(MOST_SHAPES / POOL_DAYS);
/** Each shard holds a random part of all documents. Once so many were seen, a sample of them is as good as one of all. */
const ENOUGH_SEEN = 10 * MOST_OF_A_DAY;

const idOf = (day: UnixMillis): string => new Date(day).toISOString().slice(0, '2026-01-31'.length);

const daysBefore = (day: UnixMillis): readonly UnixMillis[] =>
  Array.from({ length: POOL_DAYS }, (_, n) => unixMillis(Math.max(0, day - (n + 1) * DAY)));

/**
 * The shapes of the days before the one that an instant lies in. Those of the day itself are left out, so that what is
 * generated in a cell never depends on what was uploaded into it.
 */
export async function shapePool(store: DocumentStore, t: UnixMillis): Promise<ShapePool> {
  const found = await store.get(padShapes, daysBefore(floorTo(t, DAY)).map(idOf));
  return found.flatMap((day) => day?.shapes ?? []);
}

/**
 * Samples the newest day that is over and was not sampled yet, as far back as the pool goes; gives how many shapes that
 * gave, undefined when no day was left. Never run while a batch waits for it.
 */
export async function keepShapes(
  store: DocumentStore,
  { random, retention }: { readonly random: Random; readonly retention: number },
): Promise<number | undefined> {
  const today = floorTo(unixMillis(Math.max(0, (await store.now()) - store.closingDelay)), DAY);
  const days = daysBefore(today);
  const found = await store.get(padShapes, days.map(idOf));
  const day = days.find((_, n) => found[n] === undefined);
  if (day === undefined) return undefined;
  const shapes = await sampleDay(store, day, random);
  await store.transact(async (tx) => {
    const [kept] = await tx.get(padShapes, [idOf(day)]);
    const expireAt = day + POOL_DAYS * DAY + retention;
    if (kept === undefined) tx.create(padShapes, idOf(day), { shapes, expireAt });
  });
  return shapes.length;
}

const REST = HOUR;

/**
 * Samples one day with each call, as `keepShapes` does. Once none is left it rests for an hour by the clock of this process,
 * since jobs call it every minute: which days are over is decided by store time.
 */
export function shapeKeeper(
  store: DocumentStore,
  { clock, ...options }: Parameters<typeof keepShapes>[1] & { readonly clock: Clock },
): () => Promise<void> {
  let restsSince: UnixMillis | undefined;
  return async () => {
    const rested = clock.now() - (restsSince ?? -Infinity);
    if (rested >= 0 && rested < REST) return;
    restsSince = (await keepShapes(store, options)) === undefined ? clock.now() : undefined;
  };
}

async function sampleDay(
  store: DocumentStore,
  day: UnixMillis,
  random: Random,
): Promise<ShapePool> {
  const sample = new ShapeSample(MOST_OF_A_DAY, random);
  let seen = 0;
  const shards = shuffle(
    Array.from({ length: SHARDS }, (_, n) => n),
    random,
  );
  for (const shard of shards) {
    for await (const page of readShard(store, shard, { from: day, until: unixMillis(day + DAY) }))
      for (const document of page.filter(isOfPhone)) {
        sample.add(document);
        seen += 1;
      }
    if (seen >= ENOUGH_SEEN) break;
  }
  return sample.shapes;
}

/** Whether a phone published it here for the first time. */
const isOfPhone = ({ origin, kind }: KeyBatch): boolean => origin === 'local' && kind === 'primary';
