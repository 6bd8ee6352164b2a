import type { BlobStore } from '@keyserver/export-file';
import { deleteObject } from './delete-object.ts';
import { type Objects, findObject } from './find-object.ts';
import { listObjects } from './list-objects.ts';
import { isObjectName } from './object-name.ts';
import { readObject } from './read-object.ts';
import { writeObject } from './write-object.ts';

/** The objects of one bucket in Cloud Storage. */
export const cloudBucket = (objects: Objects): BlobStore => ({
  find: async (name) => (isObjectName(name) ? (await findObject(objects, name))?.info : undefined),
  read: async (name) => (isObjectName(name) ? await readObject(objects, name) : undefined),
  put: async (name, content, { headers, expected }) => {
    if (!isObjectName(name)) throw new RangeError('not the name of an object');
    return await writeObject(objects, { name, content, headers, expected });
  },
  list: (prefix) => listObjects(objects, prefix),
  delete: async (name) => {
    if (isObjectName(name)) await deleteObject(objects, name);
  },
});
