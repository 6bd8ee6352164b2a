import type { DocumentStore } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { type ConfigurationChange, auditAhead, unlistFiles } from '@keyserver/stores';
import { publishIndex } from '../publish-index.ts';
import { writeFiles } from '../write-files.ts';
import type { BrokenBatch, Damage, FindDamageDeps } from './find-damage.ts';
import { remakeBatch } from './remake-batch.ts';

/** What it takes to make the files of exports anew. */
export interface RebuildDeps extends FindDamageDeps {
  readonly store: DocumentStore;
  readonly random: Random;
}

/** What was done to the files of exports. */
export interface Rebuilt {
  readonly madeAnew: number;
  readonly unlisted: number;
}

interface RebuildRequest {
  readonly actor: string;
  readonly signal: AbortSignal;
  /** Told after every batch what was done so far. */
  readonly mended?: (sofar: Rebuilt) => void;
}

/**
 * Makes anew what was found broken: archives with the contents that were recorded, then verification keys and indexes. What
 * cannot be made anew leaves its index. Each step can be repeated; the audit entry comes before the first.
 */
export async function rebuildFiles(
  deps: RebuildDeps,
  damage: Damage,
  { actor, signal, mended = () => undefined }: RebuildRequest,
): Promise<Rebuilt> {
  const { store, random } = deps;
  const step = { actor, operation: 'store.rebuild', changes: changesOf(damage) } as const;
  await auditAhead(store, step, random);
  let [madeAnew, unlisted] = [0, 0];
  for (const broken of damage.batches) {
    signal.throwIfAborted();
    if (await restore(deps, broken, signal)) madeAnew += broken.files.length;
    else {
      await unlistFiles(store, broken.batch.id, namesOf(broken));
      unlisted += broken.files.length;
    }
    mended({ madeAnew, unlisted });
  }
  for (const place of damage.places) await publishIndex(deps, place, signal);
  return { madeAnew, unlisted };
}

/** Writes the broken files of a batch again; false when their contents cannot be had any more. */
async function restore(
  deps: RebuildDeps,
  broken: BrokenBatch,
  signal: AbortSignal,
): Promise<boolean> {
  const remade = await remakeBatch(deps, broken.batch, signal);
  if (typeof remade === 'string') return false;
  const bucket = deps.openBucket(broken.batch.config.bucket);
  for (const { name, problem } of broken.files)
    if (problem === 'damaged') await bucket.delete(name);
  const written = await writeFiles(deps, remade, signal);
  if (written.kind === 'written') return true;
  throw new Error(`the files of the batch ${broken.batch.id} are written by somebody else`);
}

const namesOf = ({ files }: BrokenBatch): readonly string[] => files.map(({ name }) => name);

const changesOf = (damage: Damage): readonly ConfigurationChange[] =>
  damage.batches.map(({ batch, files, whyNot }) => ({
    action: whyNot === undefined ? ('change' as const) : ('remove' as const),
    section: 'files',
    id: batch.id,
    fields: files.map(({ name, problem }) => ({
      field: name,
      before: problem,
      after: whyNot === undefined ? 'made anew' : 'unlisted',
      note: whyNot,
    })),
  }));
