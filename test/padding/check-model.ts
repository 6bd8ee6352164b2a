import { type KeyBatch } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { type Batch, type PaddingModel, keysOf } from './model.ts';

/** What a run of the model ended with that the rule forbids; nothing, as it should be. */
export function violationsOf(model: PaddingModel, random: Random): readonly string[] {
  const open = model.batches.filter(({ contents }) => contents === undefined).length;
  if (open > 0) return [`${open} batches are never finished`];
  return [
    ...lostOrDoubled(model),
    ...unsettled(model),
    ...smallDifferences(model, random),
    ...differentPadding(model),
  ];
}

/** I1: each uploaded key is in exactly one batch of each export that was planned to take it, and in no other. */
function lostOrDoubled(model: PaddingModel): readonly string[] {
  const isReal = ({ origin }: KeyBatch): boolean => origin !== 'padding';
  return model.documents.filter(isReal).flatMap((document) => {
    const takers = new Set(model.takers(document).map(({ id }) => id));
    const [key = -1] = keysOf(document.records);
    const holders = model.batches.filter(({ contents }) => contents?.has(key) === true);
    const ids = holders.map(({ config }) => config.id);
    const isRight = ids.length === takers.size && ids.every((id) => takers.has(id));
    return isRight
      ? []
      : [`${document.id} is in batches of [${ids.join()}], not of [${[...takers].join()}]`];
  });
}

/** Everything that anybody reads is settled in the end. */
const unsettled = (model: PaddingModel): readonly string[] =>
  model.documents.flatMap((document) => {
    const cell = document.origin === 'padding' ? undefined : model.cellOf(document);
    return cell === undefined || model.cells.has(cell.id) ? [] : [`${cell.id} is not settled`];
  });

const TRIED = 30;

/** P1: what differences, intersections and unions of files leave has the floor of the files that it is in, or nothing. */
function smallDifferences(model: PaddingModel, random: Random): readonly string[] {
  const foreign = new Set(
    model.documents
      .filter(({ origin }) => origin !== 'local' && origin !== 'padding')
      .flatMap(({ records }) => [...keysOf(records)]),
  );
  const draw = (): Batch | undefined => model.batches[random.below(model.batches.length)];
  if (model.batches.length === 0) return [];
  const found: string[] = [];
  for (let n = 0; n < TRIED; n++) {
    const [a, b, c] = [draw(), draw(), draw()];
    if (a === undefined || b === undefined || c === undefined) continue;
    const inA = a.contents ?? new Set<number>();
    const left = [...inA].filter(
      (key) => b.contents?.has(key) !== (n % 2 === 0) && c.contents?.has(key) !== (n % 3 === 0),
    );
    const counted = left.filter((key) => !foreign.has(key)).length;
    if (left.length > 0 && counted < a.config.minRecords)
      found.push(`a difference of ${a.config.id} has ${counted} keys of ${a.config.minRecords}`);
  }
  return found;
}

/** P2: generated keys of one cell are all in each batch that has the cell, or none of them are in any. */
function differentPadding(model: PaddingModel): readonly string[] {
  return model.documents.flatMap((document) => {
    if (document.origin !== 'padding') return [];
    const cell = model.cellOf(document);
    const attempt = document.sourceId.split('/')[1];
    const counts = model.cells.get(cell?.id ?? '')?.attempt === attempt;
    // An export that nothing was held for yet begins later than another one, which fills empty cells already.
    const covering = model.batches.filter(
      ({ start, end }) => start <= document.window && document.window < end,
    );
    const begun = new Set(covering.map(({ config }) => config.id));
    const wanted = new Set(counts ? cell?.exports.filter((id) => begun.has(id)) : []);
    return [...keysOf(document.records)].flatMap((key) => {
      const ids = model.batches
        .filter(({ contents }) => contents?.has(key) === true)
        .map(({ config }) => config.id);
      const isRight = ids.length === wanted.size && ids.every((id) => wanted.has(id));
      return isRight
        ? []
        : [`a generated key is in [${ids.join()}], not in [${[...wanted].join()}]`];
    });
  });
}
