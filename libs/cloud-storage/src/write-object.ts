import type { BlobHeaders, BlobInfo } from '@keyserver/export-file';
import { randomId } from '@keyserver/random';
import { within } from '@keyserver/retry';
import { type Attempts, repeatedly } from './attempts.ts';
import { CloudStorageFault, faultOf, statusOf } from './fault.ts';
import {
  type Objects,
  conditionFailed,
  findObject,
  descriptionOf,
  parseResource,
  missing,
} from './find-objects.ts';
import { type UploadOutcome, upload } from './upload.ts';
import { type UploadSession, uploadSession } from './upload-session.ts';

const GENERATION = /^[1-9]\d{0,18}$/;

/** What is to be written where, over what. */
export interface Write {
  readonly name: string;
  readonly headers: BlobHeaders;
  readonly content: AsyncIterable<Uint8Array>;
  readonly expected: string;
}

/** Writes an object completely or not at all, and only over what is expected. */
export async function writeObject(objects: Objects, write: Write): Promise<BlobInfo | 'conflict'> {
  const { expected } = write;
  if (expected !== 'absent' && !GENERATION.test(expected)) return 'conflict';
  const writer = randomId(objects.options.random);
  const session = await openSession(objects, write, writer);
  return session === 'conflict' ? session : await fill(objects, write, { session, writer });
}

/**
 * Opens a resumable upload. Small objects too go this way: its steps can be repeated when an answer is lost, while the
 * content of a plain upload, which the source gives only once, would be gone. A session left behind changes nothing.
 */
async function openSession(
  { bucket, options }: Objects,
  { name, headers, expected }: Write,
  writer: string,
): Promise<UploadSession | 'conflict'> {
  const ifGenerationMatch = expected === 'absent' ? '0' : expected;
  try {
    const [uri] = await repeatedly(
      options,
      async () =>
        await bucket.file(name).createResumableUpload({
          metadata: descriptionOf(headers, writer),
          preconditionOpts: { ifGenerationMatch },
        }),
    );
    return uploadSession(bucket.storage, uri);
  } catch (error) {
    if (conditionFailed(error)) return 'conflict';
    throw faultOf(`writing to the bucket ${bucket.name}`, error);
  }
}

interface OpenUpload {
  readonly session: UploadSession;
  readonly writer: string;
}

async function fill(
  objects: Objects,
  write: Write,
  { session, writer }: OpenUpload,
): Promise<BlobInfo | 'conflict'> {
  const { options } = objects;
  let outcome: UploadOutcome | undefined;
  try {
    outcome = await upload(session, write.content, options);
  } finally {
    if (outcome?.kind !== 'complete') await abandon(session, options);
  }
  if (outcome.kind === 'failed') {
    return await settle(objects, { ...write, writer }, outcome.error);
  }
  const { info, crc32c } = parseResource(write.name, outcome.resource);
  if (crc32c === outcome.crc32c) return info;
  await deleteGeneration(objects, info);
  throw new CloudStorageFault('corrupted', `writing to the bucket ${objects.bucket.name}`);
}

/** Ends a session early, so that nothing sent on it can complete its object later. It expires by itself otherwise. */
async function abandon(session: UploadSession, { limits, timers }: Attempts): Promise<void> {
  try {
    await within({ ms: limits.callMillis, timers }, session.cancel);
  } catch {
    // A cancelled session answers 499, an unreachable one not at all; nothing depends on either.
  }
}

/** What a failed upload has come to: its object may be there although the answer was lost, or another one may be. */
async function settle(
  objects: Objects,
  { name, expected, writer }: Write & { readonly writer: string },
  error: unknown,
): Promise<BlobInfo | 'conflict'> {
  const doing = `writing to the bucket ${objects.bucket.name}`;
  const declined = String(error);
  if (statusOf(error) === 400 && /crc32c/i.test(declined)) {
    throw new CloudStorageFault('corrupted', doing, error);
  }
  const found = await findObject(objects, name);
  if (found?.writtenBy === writer) return found.info;
  if ((found?.info.generation ?? 'absent') !== expected) return 'conflict';
  throw faultOf(doing, error);
}

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
async function deleteGeneration(
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
