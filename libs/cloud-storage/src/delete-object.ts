import type { BlobInfo } from '@keyserver/export-file';
import { repeatedly } from './attempts.ts';
import { faultOf } from './fault.ts';
import { type Objects, conditionFailed, findObject, missing } from './find-object.ts';

const ROUNDS = 20;

/** Deletes an object, whatever generation it has by then; a missing one counts as deleted. */
export async function deleteObject(objects: Objects, name: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await findObject(objects, name);
    if (found === undefined) return;
    if ((await deleteGeneration(objects, found.info)) !== 'replaced') return;
  }
  throw new Error('an object was replaced again and again while it was deleted');
}

/**
 * Deletes one generation, and no other: a repetition after a lost answer would delete what was created since. Only
 * 'replaced' says for certain that the object was not deleted.
 */
export async function deleteGeneration(
  { bucket, options }: Objects,
  { name, generation }: BlobInfo,
): Promise<'deleted' | 'replaced'> {
  let attempts = 0;
  try {
    await repeatedly(options, async (_signal, attempt) => {
      attempts = attempt;
      await bucket.file(name).delete({ ifGenerationMatch: generation });
    });
    return 'deleted';
  } catch (error) {
    if (missing(error)) return 'deleted';
    if (conditionFailed(error)) return attempts === 1 ? 'replaced' : 'deleted';
    throw faultOf(`deleting from the bucket ${bucket.name}`, error);
  }
}
