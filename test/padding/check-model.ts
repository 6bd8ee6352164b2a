import { type KeyBatch, RECORD_BYTES } from '@keyserver/exposure-keys';
import { type Cell, MIN_REVISED, paddingSource } from '@keyserver/padding';
import type { Random } from '@keyserver/random';
import { HOUR, unixMillis } from '@keyserver/time';
import { faultsOf } from './expected-plans.ts';
import type { PaddingModel } from './model.ts';
import type { Batch, ModelStore } from './model-store.ts';
import { keysOf } from './server.ts';

/** A store at the end of a history, and which batches each key is in. */
interface End {
  readonly store: ModelStore;
  readonly holders: ReadonlyMap<number, readonly Batch[]>;
}

/** What a history of the model ended with that the rule forbids; nothing, as it should be. */
export function violationsOf(
  { store, differences, wanted }: PaddingModel,
  random: Random,
): readonly string[] {
  const open = store.batches.filter(({ isFinished }) => !isFinished).length;
  if (open > 0) return [`${open} batches are never finished`];
  const end = { store, holders: holdersOf(store.batches) };
  return [
    ...differences.map((batch) => `two workers found different keys in ${nameOf(batch)}`),
    ...[...store.plans.values()].flatMap((plan) => faultsOf(plan, wanted)),
    ...lostOrDoubled(end),
    ...unsettled(end),
    ...unfilled(end),
    ...smallCells(end),
    ...fewRevised(end),
    ...revisedTwice(end),
    ...smallDifferences(end, random),
    ...differentPadding(end),
  ];
}

const nameOf = ({ config, start }: Batch): string => `${config.id} of ${start}`;

function holdersOf(batches: readonly Batch[]): End['holders'] {
  const holders = new Map<number, Batch[]>();
  for (const batch of batches)
    for (const key of batch.contents ?? []) {
      const known = holders.get(key);
      if (known === undefined) holders.set(key, [batch]);
      else known.push(batch);
    }
  return holders;
}

/** The exports that have a key in one of their batches; one of them twice when it has it twice. */
const filesWith = ({ holders }: End, key: number): readonly string[] =>
  (holders.get(key) ?? []).map(({ config }) => config.id).sort();

const isGenerated = ({ origin }: KeyBatch): boolean => origin === 'padding';
const isPrimary = ({ kind }: KeyBatch): boolean => kind === 'primary';

/** I1: each uploaded key is in exactly one batch of each export that was planned to take it, and in no other. */
const lostOrDoubled = (end: End): readonly string[] =>
  end.store.documents
    .filter((document) => !isGenerated(document))
    .flatMap((document) => {
      const takers = (end.store.cellOf(document)?.readers ?? []).join();
      return [...keysOf(document.records)].flatMap((key) => {
        const found = filesWith(end, key).join();
        return found === takers ? [] : [`an uploaded key is in [${found}], not in [${takers}]`];
      });
    });

/** Every cell that anybody reads is settled in the end. */
const unsettled = ({ store }: End): readonly string[] =>
  store.documents.flatMap((document) => {
    const cell = isGenerated(document) ? undefined : store.cellOf(document);
    return cell === undefined || store.cells.has(cell.id) ? [] : [`${cell.id} is not settled`];
  });

/** Cells that are to be filled in any case are settled with the first batch that has them. */
const unfilled = ({ store }: End): readonly string[] =>
  store.batches.flatMap(({ config, start, end }) =>
    store.planOf(start).publishers.flatMap(({ regions }) =>
      [false, true].flatMap((traveler) => {
        const found: string[] = [];
        for (let window = start; window < end; window = unixMillis(window + HOUR)) {
          const cell = store.cellOf({ window, kind: 'primary', regions, traveler });
          const isMissing =
            cell?.padEmpty === true &&
            cell.readers.includes(config.id) &&
            !store.cells.has(cell.id);
          if (isMissing) found.push(`${cell.id} is not filled`);
        }
        return found;
      }),
    ),
  );

/** P1: a cell of primaries in which there is anything has its floor of local and generated keys. */
function smallCells({ store }: End): readonly string[] {
  const counts = new Map<string, { readonly cell: Cell; keys: number }>();
  for (const document of store.documents.filter(isPrimary)) {
    const cell = store.cellOf(document);
    if (cell === undefined || (isGenerated(document) && !isNamed(store, cell, document))) continue;
    const count = counts.get(cell.id) ?? { cell, keys: 0 };
    counts.set(cell.id, count);
    if (document.origin === 'local' || isGenerated(document))
      count.keys += document.records.length / RECORD_BYTES;
  }
  return [...counts.values()]
    .filter(({ cell, keys }) => keys < cell.floor)
    .map(({ cell, keys }) => `${cell.id} has ${keys} keys of ${cell.floor}`);
}

/** P7: a cell in which anybody revised comes from enough documents, or it was said that it does not. */
function fewRevised({ store }: End): readonly string[] {
  const counts = new Map<string, { readonly cell: Cell; real: number; local: number }>();
  for (const document of store.documents) {
    const cell = isPrimary(document) ? undefined : store.cellOf(document);
    if (cell === undefined) continue;
    const count = counts.get(cell.id) ?? { cell, real: 0, local: 0 };
    counts.set(cell.id, count);
    if (!isGenerated(document)) count.real += 1;
    if (document.origin === 'local' || isNamed(store, cell, document)) count.local += 1;
  }
  return [...counts.values()]
    .filter(({ cell, real, local }) => cell.floor > 0 && real > 0 && local < MIN_REVISED)
    .filter(({ cell }) => !store.short.has(cell.id))
    .map(({ cell, local }) => `${cell.id} comes from ${local} documents, and nobody said so`);
}

/** P7: no generated document is revised twice in what anybody reads. */
function revisedTwice({ store }: End): readonly string[] {
  const revised = store.documents
    .filter((document) => isGenerated(document) && !isPrimary(document))
    .filter((document) => {
      const cell = store.cellOf(document);
      return cell !== undefined && isNamed(store, cell, document);
    })
    .map(({ app }) => app);
  return revised.length === new Set(revised).size ? [] : ['a generated document is revised twice'];
}

const isNamed = ({ cells }: ModelStore, cell: Cell, { sourceId }: KeyBatch): boolean =>
  sourceId === paddingSource(cell.id, cells.get(cell.id)?.attempt ?? '');

const TRIED = 30;

/** P1: what differences, intersections and unions of files leave of primaries has the floor of all files that it is in. */
function smallDifferences({ store, holders }: End, random: Random): readonly string[] {
  const keysWhere = (wanted: (document: KeyBatch) => boolean): ReadonlySet<number> =>
    new Set(store.documents.filter(wanted).flatMap(({ records }) => [...keysOf(records)]));
  const revised = keysWhere((document) => !isPrimary(document));
  const foreign = keysWhere(({ origin }) => origin === 'federated' || origin === 'imported');
  const filled = store.batches.filter(
    ({ contents }) => contents !== undefined && contents.size > 0,
  );
  const found: string[] = [];
  for (let n = 0; n < TRIED && filled.length > 0; n++) {
    const [a, b, c] = [0, 1, 2].map(() => filled[random.below(filled.length)]?.contents);
    const left = [...(a ?? [])].filter(
      (key) => !revised.has(key) && b?.has(key) !== (n % 2 === 0) && c?.has(key) !== (n % 3 === 0),
    );
    const [first] = left;
    if (first === undefined) continue;
    const around = (holders.get(first) ?? []).filter(({ contents }) =>
      left.every((key) => contents?.has(key) === true),
    );
    const floor = Math.max(...around.map(({ config }) => config.minRecords));
    const counted = left.filter((key) => !foreign.has(key)).length;
    if (counted < floor) found.push(`a difference has ${counted} keys of ${floor}`);
  }
  return found;
}

/** P2: the generated keys of a cell are all in each batch that has the cell, those of other attempts in none. */
const differentPadding = (end: End): readonly string[] =>
  end.store.documents.filter(isGenerated).flatMap((document) => {
    const { store } = end;
    const cell = store.cellOf(document);
    const isIn = ({ start, end: until }: Batch): boolean =>
      start <= document.window && document.window < until;
    // An export that nothing was held for yet begins later than another one, which fills empty cells already.
    const begun = new Set(store.batches.filter(isIn).map(({ config }) => config.id));
    const counts = cell !== undefined && isNamed(store, cell, document);
    const wanted = (counts ? cell.readers.filter((id) => begun.has(id)) : []).join();
    return [...keysOf(document.records)].flatMap((key) => {
      const found = filesWith(end, key).join();
      return found === wanted ? [] : [`a generated key is in [${found}], not in [${wanted}]`];
    });
  });
