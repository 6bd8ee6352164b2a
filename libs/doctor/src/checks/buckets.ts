import { createHash } from 'node:crypto';
import {
  ARCHIVE_HEADERS,
  type BlobHeaders,
  type OpenBucket,
  indexHeaders,
  indexName,
  keysHeaders,
  verificationKeysName,
} from '@keyserver/export-file';
import { randomId } from '@keyserver/random';
import { DAY, HOUR } from '@keyserver/time';
import {
  type Check,
  type Finding,
  counted,
  failure,
  ok,
  sentenceOf,
  warning,
  worstOf,
} from '../check.ts';
import { endOf, listedFiles } from '../listed-files.ts';
import type { Patient } from '../patient.ts';
import { ofEachExport } from './each-export.ts';

const PROBE_HEADERS = { contentType: 'text/plain', cacheControl: 'no-store' };

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content);
}

/** Writes an object that nothing names, if nobody has one of that name, and removes it. */
async function tryWriting(patient: Patient, openBucket: OpenBucket, bucket: string): Promise<void> {
  const name = `.doctor-${randomId(patient.random)}`;
  const content = Buffer.from('key server doctor\n');
  const digest = createHash('sha256').update(content).digest('hex');
  const objects = openBucket(bucket);
  await objects.put(name, once(content), {
    headers: { ...PROBE_HEADERS, digest },
    expected: 'absent',
  });
  await objects.delete(name);
}

/** Whether buckets can be written. */
export const writable: Check = {
  id: 'bucket_writable',
  about:
    'Every bucket can be written. On one machine by an object that is put there and removed, since only that shows a disk that takes nothing; on Google Cloud by asking which permissions this account has, so that a bucket with versions keeps nothing.',
  why: 'Files that cannot be written reach no phone.',
  mend: 'Create the bucket, or grant roles/storage.objectAdmin on it; on one machine give the directory to the user of the services.',
  run: async (patient) => {
    return await ofEachExport(
      patient,
      'Every bucket can be written.',
      async ({ bucket }, opened) => {
        const { openBucket, checkBucket } = opened;
        try {
          if (patient.platform === 'gcp') await checkBucket(bucket);
          else await tryWriting(patient, openBucket, bucket);
          return ok(bucket);
        } catch (fault) {
          return failure(`Bucket ${bucket}: ${sentenceOf(fault)}`);
        }
      },
    );
  },
};

type Served = Omit<BlobHeaders, 'digest'>;

const wrongHeaders = (name: string, found: Served, wanted: Served): readonly Finding[] => [
  ...(found.cacheControl === wanted.cacheControl
    ? []
    : [
        failure(
          `${name} has Cache-Control "${found.cacheControl}" instead of "${wanted.cacheControl}".`,
        ),
      ]),
  ...(found.contentType === wanted.contentType
    ? []
    : [failure(`${name} has the type ${found.contentType} instead of ${wanted.contentType}.`)]),
];

/** Whether objects are served as they must be. */
export const headers: Check = {
  id: 'object_headers',
  about: 'Index, keys and newest archive have the type and the cache times that they must have.',
  why: 'An index that is cached for long hides new files, and without caching downloads cost a fortune.',
  mend: 'Find out what rewrote the objects; `npx keyserver store rebuild files` writes them anew.',
  run: async (patient) => {
    const fine = 'All looked at have the right headers.';
    return await ofEachExport(patient, fine, async (config, opened) => {
      const bucket = opened.openBucket(config.bucket);
      const { listed, archives } = await listedFiles(opened, config);
      const root = config.filenameRoot;
      const { indexMaxAgeSeconds: maxAge } = patient.settings;
      const [index, keys] = await Promise.all([
        bucket.find(indexName(root)),
        bucket.find(verificationKeysName(root)),
      ]);
      const newest = archives.get(listed?.at(-1) ?? '');
      const found = [
        ...(index === undefined ? [] : wrongHeaders(index.name, index, indexHeaders(maxAge))),
        ...(keys === undefined ? [] : wrongHeaders(keys.name, keys, keysHeaders(maxAge))),
        ...(newest === undefined ? [] : wrongHeaders(newest.name, newest, ARCHIVE_HEADERS)),
      ];
      return worstOf(found, ok(config.id));
    });
  },
};

/** Jobs that delete run every four hours, and an unlisted archive stays for the day that caches may keep it. */
const DELETION = DAY + 8 * HOUR;

/** Whether what is past retention is gone. */
export const oldArchives: Check = {
  id: 'old_archives_deleted',
  about: 'Archives past their retention are gone from the bucket.',
  why: 'Keys in a file that lies about can be read long after people were promised that they are gone.',
  mend: 'Look at the cleanup service; archives of exports that have ended are deleted by hand.',
  run: async (patient) => {
    const { exportRetention } = patient.settings;
    const fine = 'No archive is past its retention.';
    return await ofEachExport(patient, fine, async (config, opened, now) => {
      const { archives } = await listedFiles(opened, config);
      const old = [...archives.keys()].filter(
        (name) => (endOf(name) ?? now) < now - exportRetention - DELETION,
      );
      return old.length === 0
        ? ok(config.id)
        : warning(
            `${counted(old.length, 'archive')} of export ${config.id} should have been deleted.`,
          );
    });
  },
};
