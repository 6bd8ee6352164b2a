import {
  indexName,
  parseVerificationKeys,
  verificationKeysName,
  verifyExport,
} from '@keyserver/export-file';
import { batchListing } from '@keyserver/stores';
import { unixMillis } from '@keyserver/time';
import {
  type Check,
  type Finding,
  counted,
  couldNotTell,
  failure,
  ok,
  sentenceOf,
  warning,
  worstOf,
} from '../check.ts';
import { type ListedFiles, listedFiles } from '../listed-files.ts';
import { headers, oldArchives, writable } from './buckets.ts';
import { ofEachExport } from './each-export.ts';

const indexFresh: Check = {
  id: 'index_fresh',
  about: 'The index of every export is there, and lists what the store has as finished.',
  why: 'Phones know of no file but those in the index.',
  mend: 'Let /do-work run, which writes it; `npx keyserver store rebuild files` writes it anew.',
  run: async (patient) => {
    const fine = 'Every index lists what is finished.';
    return await ofEachExport(patient, fine, async (config, opened, now) => {
      const since = unixMillis(Math.max(0, now - patient.settings.exportRetention));
      const { batches } = await batchListing(opened.store).indexed(config.id, since);
      const finished = batches.filter(({ state }) => state === 'complete');
      const names = finished.flatMap((batch) => batch.names);
      return judgeIndex(names, await listedFiles(opened, config));
    });
  },
};

function judgeIndex(
  finished: readonly string[],
  { config, listed, indexIs }: ListedFiles,
): Finding {
  const where = `${config.bucket}/${indexName(config.filenameRoot)}`;
  if (indexIs === 'no_index') return failure(`${where} is no index.`);
  if (listed === undefined)
    return finished.length === 0
      ? ok(`Export ${config.id} has no file yet.`)
      : failure(`${where} is gone, and ${counted(finished.length, 'file')} should be listed.`);
  const known = new Set(listed);
  const missing = finished.filter((name) => !known.has(name)).length;
  if (missing === 0) return ok(config.id);
  return failure(
    listed.length === 0
      ? `${where} is empty, and ${counted(finished.length, 'file')} should be listed.`
      : `${where} lacks ${missing} of ${counted(finished.length, 'finished file')}.`,
  );
}

const archivesPresent: Check = {
  id: 'archives_present',
  about: 'Every archive that an index lists is in its bucket.',
  why: 'Phones stop at a file that is not there, and miss those after it.',
  mend: 'See docs/runbooks/export.archive_missing.md.',
  run: async (patient) => {
    return await ofEachExport(patient, 'Every listed archive is there.', async (config, opened) => {
      const { listed = [], archives } = await listedFiles(opened, config);
      const missing = listed.filter((name) => !archives.has(name));
      return missing.length === 0
        ? ok(config.id)
        : failure(
            `${counted(missing.length, 'archive')} of export ${config.id} are gone, such as ${missing[0] ?? ''}.`,
          );
    });
  },
};

/** Archives of each export that are read in whole: the newest, which phones fetch next. */
const VERIFIED = 3;

const archivesValid: Check = {
  id: 'archives_valid',
  about: 'The newest three archives of every export keep the rules that phones go by.',
  why: 'A file that a phone refuses warns nobody.',
  mend: 'Run `npx keyserver export verify` on the index, which names the rule; then `npx keyserver store rebuild files`.',
  run: async (patient) => {
    const fine = 'The newest archives are as phones want them.';
    return await ofEachExport(patient, fine, async (config, opened, now) => {
      const bucket = opened.openBucket(config.bucket);
      const { listed = [] } = await listedFiles(opened, config);
      const document = await bucket.read(verificationKeysName(config.filenameRoot));
      const keys = document && parseVerificationKeys(document.content);
      if (listed.length === 0) return ok(`Export ${config.id} lists no archive.`);
      if (keys === undefined) return failure(`Export ${config.id} publishes no verification keys.`);
      const found: Finding[] = [];
      for (const name of listed.slice(-VERIFIED)) {
        const archive = await bucket.read(name);
        if (archive === undefined) continue; // what is missing is another check's
        const { maxKeyAgeHours } = patient.settings;
        const expected = { keys, now, region: config.outputRegion, maxKeyAgeHours };
        const { violations } = await verifyExport(archive.content, expected);
        const [first] = violations;
        if (first !== undefined)
          found.push(failure(`${name}: ${first.rule}: ${first.explanation}.`));
      }
      return worstOf(found, ok(config.id));
    });
  },
};

const MOST_INDEX_BYTES = 1_048_576;

const filesServed: Check = {
  id: 'files_served',
  about: 'Phones are served the index that lies in the bucket, with its cache time.',
  why: 'What the file server or CDN does not serve, or caches for too long, reaches phones late or never.',
  mend: 'Look at the file server or CDN: does it run, does it serve this bucket, does it override Cache-Control?',
  run: async (patient) => {
    const { files } = patient.addresses;
    if (files === undefined)
      return couldNotTell('It is not known where phones fetch files.', 'Give --files-url URL.');
    const fine = 'The indexes are served as they are.';
    return await ofEachExport(patient, fine, async (config, opened) => {
      const name = indexName(config.filenameRoot);
      const stored = await opened.openBucket(config.bucket).read(name);
      if (stored === undefined) return ok(`Export ${config.id} has no index yet.`);
      const url = `${files(config.bucket)}/${name}`;
      try {
        const answer = await patient.network.fetch(url, MOST_INDEX_BYTES);
        if (answer.status !== 200) return failure(`${url} answers ${answer.status}.`);
        const cached = answer.header('cache-control') ?? '';
        if (cached !== stored.info.cacheControl)
          return failure(
            `${url} is served with Cache-Control "${cached}" instead of "${stored.info.cacheControl}".`,
          );
        return Buffer.compare(answer.body, stored.content) === 0
          ? ok(config.id)
          : warning(`${url} is not the index that lies in the bucket.`);
      } catch (error) {
        return failure(sentenceOf(error));
      }
    });
  },
};

/** Buckets, and what phones fetch from them. */
export const fileChecks: readonly Check[] = [
  writable,
  headers,
  filesServed,
  indexFresh,
  archivesPresent,
  archivesValid,
  oldArchives,
];
