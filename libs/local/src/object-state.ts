import { Fault } from '@keyserver/fault';
import type { BlobInfo } from '@keyserver/export-file';
import { stat } from 'node:fs/promises';
import { failedWith } from './durable-files.ts';
import { type Slot, contentFile, newestSlot } from './object-slots.ts';

const ATTEMPTS = 50;

/**
 * What an object is now. Damaged is one whose record makes no sense, or whose content is not there or has another size than
 * was recorded: it counts as absent for whoever would write it, so that what can be derived is written anew.
 */
type ObjectState =
  | { readonly kind: 'absent'; readonly slot: Slot | undefined }
  | { readonly kind: 'whole'; readonly slot: Slot; readonly nonce: string; readonly info: BlobInfo }
  | { readonly kind: 'damaged'; readonly slot: Slot };

/** An object is there, and cannot be read. */
export class ObjectFault extends Fault<'damaged'> {
  readonly problem = 'store_damaged';

  /** `object` is the name of the object, `path` the directory that holds it. */
  constructor(object: string, path: string) {
    super('damaged', 'the record or the content of an object is damaged', {
      details: { object, path },
    });
  }
}

/** Looks at the newest generation of an object, and at whether its content is all there. */
export async function objectState(directory: string, name: string): Promise<ObjectState> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const slot = await newestSlot(directory);
    if (slot === undefined || slot.generation.kind === 'deleted') return { kind: 'absent', slot };
    if (slot.generation.kind === 'damaged') return { kind: 'damaged', slot };
    const { nonce, size, headers } = slot.generation;
    const generation = `${String(slot.number)}-${nonce}`;
    const present = await sizeOf(contentFile(directory, nonce));
    if (present === size)
      return { kind: 'whole', slot, nonce, info: { ...headers, name, generation, size } };
    // Content also goes when the object is replaced and swept, or deleted; then there is another generation.
    const newest = await newestSlot(directory);
    if (newest?.number === slot.number) return { kind: 'damaged', slot };
  }
  throw new Error('an object changed faster than it could be read');
}

/** The generation that whoever writes the object must have seen. */
export const generationOf = (state: ObjectState): string =>
  state.kind === 'whole' ? state.info.generation : 'absent';

/** What is known of an object that can be read. */
export const infoOf = (state: ObjectState): BlobInfo | undefined =>
  state.kind === 'whole' ? state.info : undefined;

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return undefined;
    throw error;
  }
}
