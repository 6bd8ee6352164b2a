import { KEY_BYTES, RECORD_BYTES } from '@keyserver/exposure-keys';
import { type Random, shuffle } from '@keyserver/random';
import type { UnixMillis } from '@keyserver/time';
import type { Source } from './record-pile.ts';
import type { KeySelection } from './select.ts';

/** Generated keys to be stored as one document, under the same regions and traveler flag as the keys they imitate. */
export interface PaddingDocument {
  readonly window: UnixMillis;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** Packed records sorted by key, at most 500. */
  readonly records: Uint8Array;
}

/** How far a small batch is lifted. */
export interface PaddingPlan {
  /** A batch with fewer keys than this is padded. */
  readonly minimum: number;
  /** It is lifted to the minimum and up to so many keys more, drawn at random. */
  readonly range: number;
  readonly random: Random;
}

const MAX_DOCUMENT_KEYS = 500;

/**
 * Generated keys that lift a batch with too few keys; none when it has enough, or no keys at all. The batch is counted as a
 * whole, and every key is imitated equally often, give or take one.
 */
export function generatePadding(
  selection: KeySelection,
  plan: PaddingPlan,
): readonly PaddingDocument[] {
  const order = selection.orderKeys();
  const window = selection.newestWindow;
  if (window === undefined || order.length >= plan.minimum) return [];
  const missing = plan.minimum + plan.random.below(plan.range + 1) - order.length;
  const models = chooseModels(order, missing, plan.random);
  return groupByAudience(models, selection).flatMap(({ source, members }) =>
    chunks(members).map((chunk) => ({
      window,
      regions: source.regions,
      traveler: source.traveler,
      records: imitate(selection.keys.records, chunk, plan.random),
    })),
  );
}

/** Whole passes over all keys, then some of them at random. */
function chooseModels(order: Uint32Array, count: number, random: Random): Uint32Array {
  const models = new Uint32Array(count);
  const inPasses = count - (count % order.length);
  for (let at = 0; at < inPasses; at += order.length) models.set(order, at);
  models.set(shuffle([...order], random).slice(0, count - inPasses), inPasses);
  return models;
}

interface Audience {
  readonly source: Source;
  readonly members: number[];
}

function groupByAudience(models: Uint32Array, { keys }: KeySelection): readonly Audience[] {
  const audiences = new Map<string, Audience>();
  for (const model of models) {
    const source = keys.sourceOf(model);
    const name = JSON.stringify([source.traveler, source.regions.toSorted()]);
    const known = audiences.get(name);
    if (known === undefined) audiences.set(name, { source, members: [model] });
    else known.members.push(model);
  }
  return [...audiences.values()];
}

const chunks = (members: readonly number[]): (readonly number[])[] =>
  Array.from({ length: Math.ceil(members.length / MAX_DOCUMENT_KEYS) }, (_, n) =>
    members.slice(n * MAX_DOCUMENT_KEYS, (n + 1) * MAX_DOCUMENT_KEYS),
  );

/** Copies of the models under fresh keys. They are sorted last: the order must not tell which key imitates which. */
function imitate(records: Buffer, models: readonly number[], random: Random): Uint8Array {
  const keys = random.bytes(models.length * KEY_BYTES);
  const copies = models.map((model, n) => {
    const copy = Buffer.from(records.subarray(model * RECORD_BYTES, (model + 1) * RECORD_BYTES));
    copy.set(keys.subarray(n * KEY_BYTES, (n + 1) * KEY_BYTES));
    return copy;
  });
  return Buffer.concat(copies.sort((a, b) => a.compare(b)));
}
