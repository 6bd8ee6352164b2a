import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { aPublicKey } from '@keyserver/configuration/testing';
import { partnerOf } from './testing/entries.ts';
import type { Collection, DocumentStore } from '@keyserver/docstore';
import {
  type BlobStore,
  indexHeaders,
  indexName,
  renderVerificationKeys,
} from '@keyserver/export-file';
import type { LocalPlatform } from '@keyserver/local';
import { selfSigned } from '@keyserver/federation-pull/testing';
import {
  authorizedApps,
  exportConfigs,
  exportProgress,
  federationPositions,
  federationQueries,
  healthAuthorities,
  keyBatches,
  partnerDocument,
  partnerProgress,
  partners,
  queryDocument,
  revisionKeys,
  signingKeys,
  totalsProgress,
} from '@keyserver/stores';
import { DAY, HOUR, MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import { aFileWith, inScratch } from '../testing/run-cli.ts';
import { stopServing } from '../testing/serve.ts';
import {
  type Answer,
  LATER,
  aSoundServer,
  answering,
  answersOf,
  copyOf,
  doctorAt,
  spoil,
} from './testing/sound-server.ts';

let sound: string;
beforeAll(async () => {
  sound = await aSoundServer();
});
afterEach(stopServing);

interface Found {
  readonly id: string;
  readonly status: string;
  readonly found: string;
  readonly why: string;
  readonly mend: string;
}

interface Circumstances {
  readonly argv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly at?: UnixMillis;
}

/** What one check says of a server. */
async function looked(
  id: string,
  dataDirectory: string,
  { argv = [], environment = {}, answers = {}, at = LATER }: Circumstances = {},
): Promise<Found & { readonly code: number }> {
  const told = { ...(await answersOf(sound, answers)), ...environment };
  const options = ['--data-dir', dataDirectory, '--only', id, '--json', ...argv];
  const { out, code } = await doctorAt(options, told, at);
  const { checks } = JSON.parse(out) as { checks: readonly Found[] };
  return { ...checks[0]!, code };
}

const EXIT = { failure: 3, warning: 1, could_not_tell: 1 } as const;

/** A fault, and what names it: the check, its status, and words of its sentence. */
type Fault = readonly [
  id: string,
  what: string,
  status: keyof typeof EXIT,
  words: RegExp,
  spoiling: (directory: string) => Promise<Circumstances | undefined> | Circumstances | undefined,
];

async function expectNamed(...[id, , status, words, spoiling]: Fault): Promise<void> {
  const directory = copyOf(sound);
  const circumstances = await spoiling(directory);
  const found = await looked(id, directory, circumstances);
  expect(found).toMatchObject({ id, status, code: EXIT[status] });
  expect(found.found).toMatch(words);
  expect(found.mend.length).toBeGreaterThan(10);
}

/** Spoils by writing a document. */
const written =
  (
    write: (
      tx: Parameters<Parameters<DocumentStore['transact']>[0]>[0],
      store: DocumentStore,
    ) => Promise<void> | void,
  ) =>
  async (directory: string): Promise<undefined> => {
    await spoil(directory, async ({ store }) => {
      await store.transact(async (tx) => {
        await write(tx, store);
      });
    });
  };

const inBucket =
  (work: (bucket: BlobStore, local: LocalPlatform) => Promise<unknown>) =>
  async (directory: string): Promise<undefined> => {
    await spoil(directory, async (local) => await work(local.openBucket('exports'), local));
  };

async function* content(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

async function put(
  bucket: BlobStore,
  name: string,
  text: string | Uint8Array,
  headers = indexHeaders(60),
) {
  const expected = (await bucket.find(name))?.generation ?? 'absent';
  await bucket.put(name, content(text), { headers: { ...headers, digest: '00' }, expected });
}

/** Another value for fields of the one document of a collection. */
const changed = <D extends object>(from: Collection<D>, id: string, fields: Partial<D>) =>
  written(async (tx) => {
    const [before] = await tx.get(from, [id]);
    tx.set(from, id, { ...before!, ...fields });
  });

const exportWith = (fields: object) => changed(exportConfigs, 'us', fields);
const appWith = (fields: object) =>
  written(async (tx) => {
    const [found] = await tx.find(authorizedApps, { limit: 1 });
    tx.set(authorizedApps, found!.id, { ...found!.value, ...fields });
  });

const INDEX = indexName('v1');
const listedIn = async (bucket: BlobStore): Promise<readonly string[]> =>
  Buffer.from((await bucket.read(INDEX))!.content)
    .toString()
    .split('\n');
const environment = (variables: Record<string, string>) => () => ({ environment: variables });
const answers = (site: Record<string, Answer>) => () => ({ answers: site });

describe('a fault of the store', () => {
  it.each<Fault>([
    [
      'store_reachable',
      'no server there',
      'failure',
      /is not the data directory/,
      (directory) => {
        rmSync(directory, { recursive: true });
        return undefined;
      },
    ],
    [
      'store_reachable',
      'a damaged database',
      'failure',
      /cannot be read: it is damaged/,
      (directory) => {
        writeFileSync(join(directory, 'keyserver.sqlite'), 'no database');
        return undefined;
      },
    ],
    [
      'store_complete',
      'an older database',
      'failure',
      /lacks its last \d+ commit/,
      async (directory) => {
        const file = join(directory, 'keyserver.sqlite');
        copyFileSync(file, `${file}.old`);
        await written((tx) => {
          tx.set(totalsProgress, 'folded', { foldedUntil: 1 });
        })(directory);
        renameSync(`${file}.old`, file);
        return undefined;
      },
    ],
    [
      'store_format',
      'another window',
      'failure',
      /set-window/,
      environment({ TRUNCATE_WINDOW_SECONDS: '300' }),
    ],
    [
      'store_parts',
      'keys of another store',
      'failure',
      /carries the id of another store/,
      (directory) => {
        writeFileSync(join(directory, 'keys', 'store-id'), 'another', { mode: 0o600 });
        return undefined;
      },
    ],
    [
      'store_parts',
      'a bucket that was made anew',
      'failure',
      /does not carry the id/,
      inBucket(async (bucket) => {
        await bucket.delete('.store-id');
      }),
    ],
    [
      'expired_keys_deleted',
      'keys of last year',
      'failure',
      /1 shard of 64 hold keys/,
      written(async (tx) => {
        const [found] = await tx.find(keyBatches, { limit: 1 });
        tx.set(keyBatches, 'old', {
          ...found!.value,
          window: 1,
          shard: 5,
          expireAt: LATER - 9 * DAY,
        });
      }),
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });
});

describe('a fault of the machine', () => {
  it.each<Fault>([
    [
      'clock_skew',
      'a jump of the clock',
      'failure',
      /clock/i,
      () => ({ at: unixMillis(LATER - 20 * DAY) }),
    ],
    [
      'services_clock',
      'a service that is behind',
      'failure',
      /publish is 6\d s behind|is \d+ s behind/,
      answers({ '/health': answering('{}', { at: LATER - MINUTE }) }),
    ],
    [
      'services_clock',
      'a service that is a little ahead',
      'warning',
      /is 10 s ahead/,
      answers({ '/health': answering('{}', { at: LATER + 10_000 }) }),
    ],
    [
      'key_files_private',
      'a key that others read',
      'failure',
      /Others may read keys\/signing\/export-1\.pem/,
      (directory) => {
        chmodSync(join(directory, 'keys', 'signing', 'export-1.pem'), 0o644);
        return undefined;
      },
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });
});

describe('a fault of settings and configuration', () => {
  const from = unixMillis(Date.UTC(2025, 8, 1));
  it.each<Fault>([
    [
      'settings_valid',
      'a setting out of bounds',
      'failure',
      /export does not start: EXPORT_RETENTION_HOURS must be/,
      environment({ EXPORT_RETENTION_HOURS: '1' }),
    ],
    [
      'profile',
      'a store for trying out',
      'warning',
      /development profile/,
      environment({ PROFILE: 'development' }),
    ],
    [
      'debug_settings',
      'maintenance',
      'warning',
      /MAINTENANCE turns/,
      environment({ MAINTENANCE: 'true' }),
    ],
    [
      'debug_settings',
      'certificates believed',
      'warning',
      /believes every certificate/,
      environment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    ],
    [
      'file_retention',
      'files of ten days',
      'warning',
      /listed for 10 days/,
      environment({ EXPORT_RETENTION_HOURS: '240' }),
    ],
    [
      'configuration_valid',
      'a key that is not there',
      'failure',
      /1 problem: .*signingKeys/,
      exportWith({ signingKeys: ['lost'] }),
    ],
    [
      'apps_exported',
      'an app of another region',
      'failure',
      /No export takes the keys of app/,
      appWith({ regions: ['MX'] }),
    ],
    [
      'apps_can_upload',
      'an app without authority',
      'failure',
      /every upload is refused/,
      appWith({ authorities: [] }),
    ],
    [
      'apps_certified',
      'uploads without certificate',
      'failure',
      /anybody can report anything/,
      appWith({ bypassCertificate: true }),
    ],
    [
      'apps_certified',
      'revisions without token',
      'failure',
      /can take it back/,
      appWith({ bypassRevisionToken: true }),
    ],
    [
      'file_sizes',
      'a million keys in a file',
      'failure',
      /has 1000000 keys/,
      exportWith({ maxRecords: 1_000_000 }),
    ],
    [
      'generated_keys',
      'costly padding',
      'warning',
      /generated keys a day/,
      exportWith({ minRecords: 100_000, maxRecords: 200_000 }),
    ],
    [
      'padding',
      'little padding',
      'warning',
      /no more than 20 keys/,
      exportWith({ minRecords: 20 }),
    ],
    ['padding', 'constant padding', 'warning', /exactly 200 keys/, exportWith({ paddingRange: 0 })],
    [
      'fresh_partners',
      'a partner with real keys',
      'warning',
      /mode fresh/,
      written((tx) => {
        tx.set(partners, 'neighbour', partnerDocument(partnerOf({ mode: 'fresh' })));
      }),
    ],
    [
      'signing_keys_in_force',
      'a key that has ended',
      'failure',
      /No signing key of export us is in force/,
      changed(signingKeys, 'main', { thru: unixMillis(LATER - DAY) }),
    ],
    [
      'signing_keys_in_force',
      'a key that ends soon',
      'warning',
      /ends soon/,
      changed(signingKeys, 'main', { thru: unixMillis(LATER + 9 * DAY) }),
    ],
    [
      'authority_keys_in_force',
      'no key',
      'failure',
      /its certificates are refused/,
      changed(healthAuthorities, '1', { keys: [] }),
    ],
    [
      'authority_key_rotation',
      'a key of five years',
      'warning',
      /Key v1 of authority 1 is in use/,
      changed(healthAuthorities, '1', {
        keys: [
          {
            version: 'v1',
            publicKey: aPublicKey(),
            from: unixMillis(from - 5 * 365 * DAY),
            thru: undefined,
          },
        ],
      }),
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });
});

describe('a fault of keys', () => {
  it.each<Fault>([
    [
      'signing_key_usable',
      'a key that is gone',
      'failure',
      /Signing key main: .*export-1\.pem/,
      (directory) => {
        rmSync(join(directory, 'keys', 'signing', 'export-1.pem'));
        return undefined;
      },
    ],
    [
      'signing_key_published',
      'another key beside the index',
      'failure',
      /publishes another key/,
      inBucket(async (bucket) => {
        const key = {
          keyId: '310',
          keyVersion: 'v1',
          publicKey: aPublicKey(),
          from: LATER,
          thru: undefined,
        };
        await put(bucket, 'v1/keys.json', renderVerificationKeys([key]));
      }),
    ],
    [
      'signing_key_published',
      'no keys beside the index',
      'failure',
      /keys\.json of export us is not there/,
      inBucket(async (bucket) => {
        await bucket.delete('v1/keys.json');
      }),
    ],
    [
      'signing_key_published',
      'a list that lacks it',
      'failure',
      /lacks signing key main/,
      inBucket(async (bucket) => {
        await put(bucket, 'v1/keys.json', renderVerificationKeys([]));
      }),
    ],
    [
      'signing_key_rotation',
      'a key of five years',
      'warning',
      /for more than three years/,
      changed(signingKeys, 'main', { from: unixMillis(LATER - 5 * 365 * DAY) }),
    ],
    [
      'token_key_rotation',
      'a data key of two weeks',
      'failure',
      /a successor 168 hours ago/,
      changed(revisionKeys, '1', { createdAt: LATER - 14 * DAY }),
    ],
    [
      'token_key_rotation',
      'no data key',
      'failure',
      /There is no data key/,
      written((tx) => {
        tx.delete(revisionKeys, '1');
      }),
    ],
    [
      'token_keys_usable',
      'another wrapping key',
      'failure',
      /Data key 1 cannot be unwrapped/,
      (directory) => {
        writeFileSync(
          join(directory, 'keys', 'wrapping', 'revision-token.key'),
          Buffer.alloc(32, 1),
          { mode: 0o600 },
        );
        return undefined;
      },
    ],
    [
      'token_keys_usable',
      'no wrapping key',
      'failure',
      /is missing; put it back/,
      (directory) => {
        rmSync(join(directory, 'keys', 'wrapping', 'revision-token.key'));
        return undefined;
      },
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });
});

describe('a fault of files', () => {
  it.each<Fault>([
    [
      'bucket_writable',
      'a file in the place of the bucket',
      'failure',
      /Bucket exports: /,
      (directory) => {
        rmSync(join(directory, 'buckets', 'exports'), { recursive: true });
        writeFileSync(join(directory, 'buckets', 'exports'), '');
        return undefined;
      },
    ],
    [
      'object_headers',
      'an index that is cached for a day',
      'failure',
      /index\.txt has Cache-Control "public, max-age=86400"/,
      inBucket(async (bucket) => {
        const { content: same } = (await bucket.read(INDEX))!;
        await put(bucket, INDEX, same, {
          contentType: 'text/plain',
          cacheControl: 'public, max-age=86400',
        });
      }),
    ],
    [
      'object_headers',
      'keys of another type',
      'failure',
      /keys\.json has the type text\/html/,
      inBucket(async (bucket) => {
        await put(bucket, 'v1/keys.json', '{}', { ...indexHeaders(60), contentType: 'text/html' });
      }),
    ],
    [
      'files_served',
      'nothing served',
      'failure',
      /answers 404/,
      answers({ [`/exports/${INDEX}`]: answering('', { status: 404 }) }),
    ],
    [
      'files_served',
      'a cache of a day',
      'failure',
      /with Cache-Control "max-age=86400"/,
      answers({
        [`/exports/${INDEX}`]: answering('', { headers: { 'cache-control': 'max-age=86400' } }),
      }),
    ],
    [
      'files_served',
      'an old index',
      'warning',
      /is not the index that lies/,
      answers({
        [`/exports/${INDEX}`]: answering('v1/old.zip', {
          headers: { 'cache-control': indexHeaders(60).cacheControl },
        }),
      }),
    ],
    [
      'index_fresh',
      'no index',
      'failure',
      /is gone, and 1 file should be listed/,
      inBucket(async (bucket) => {
        await bucket.delete(INDEX);
      }),
    ],
    [
      'index_fresh',
      'an empty index',
      'failure',
      /is empty, and 1 file should be listed/,
      inBucket(async (bucket) => {
        await put(bucket, INDEX, '');
      }),
    ],
    [
      'index_fresh',
      'a stale index',
      'failure',
      /lacks 1 of 1 finished file/,
      inBucket(async (bucket) => {
        await put(bucket, INDEX, 'v1/1-2-00001.zip');
      }),
    ],
    [
      'index_fresh',
      'a page of HTML',
      'failure',
      /is no index/,
      inBucket(async (bucket) => {
        await put(bucket, INDEX, '<html>');
      }),
    ],
    [
      'archives_present',
      'an archive that is gone',
      'failure',
      /1 archive of export us are gone, such as v1\//,
      inBucket(async (bucket) => {
        await bucket.delete((await listedIn(bucket))[0]!);
      }),
    ],
    [
      'archives_valid',
      'an archive that is damaged',
      'failure',
      /\.zip: not_a_zip|\.zip: [a-z_]+: /,
      inBucket(async (bucket) => {
        await put(bucket, (await listedIn(bucket))[0]!, 'PK');
      }),
    ],
    [
      'old_archives_deleted',
      'an archive of last year',
      'warning',
      /1 archive of export us should have been deleted/,
      inBucket(async (bucket) => {
        await put(bucket, 'v1/1735689600-1735704000-00001.zip', 'PK');
      }),
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });

  it('is not what the doctor leaves in a bucket', async () => {
    const directory = copyOf(sound);
    expect(await looked('bucket_writable', directory)).toMatchObject({ status: 'ok', code: 0 });
    await spoil(directory, async ({ openBucket }) => {
      for await (const { name } of openBucket('exports').list(''))
        expect(name).not.toContain('doctor');
    });
  });
});

describe('what phones cannot cope with', () => {
  it.each<Fault>([
    [
      'matching_budget_ios',
      'hourly files',
      'failure',
      /up to 24 files a day.*takes 15 files a day.*fall behind/,
      exportWith({ period: HOUR }),
    ],
    [
      'matching_budget_android',
      'hourly files',
      'failure',
      /up to 24 files a day.*takes 20 files a day.*fall behind/,
      exportWith({ period: HOUR }),
    ],
    [
      'matching_budget_ios',
      'hourly checks',
      'failure',
      /24 checks a day.*in 6 checks: the checks after/,
      () => ({ argv: ['--checks-a-day', '24'] }),
    ],
    [
      'matching_budget_android',
      'a huge file',
      'failure',
      /the largest file has about 800,020 keys/,
      exportWith({ minRecords: 800_000, maxRecords: 900_000 }),
    ],
    [
      'warning_delay',
      'daily files of windows of a day',
      'warning',
      /at most 72\.3 h = period 24 h \+ age of window 24 h/,
      async (directory) => {
        await exportWith({ period: DAY })(directory);
        return { environment: { MIN_WINDOW_AGE_SECONDS: '86400' } };
      },
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });

  it('is not asked of a development store', async () => {
    const found = await looked('warning_delay', sound, { environment: { PROFILE: 'development' } });
    expect(found).toMatchObject({ status: 'not_applicable', code: 0 });
  });
});

const query = queryDocument({
  ...{ id: 'q', server: 'keys.example', audience: 'https://keys.example', partner: 'standard' },
  ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false, onlyLocalProvenance: true },
  ...{ maxPageKeys: 500, acceptSelfReport: false, acceptRecursive: false },
  ...{ from: unixMillis(LATER - 9 * DAY), thru: undefined },
});
const position = {
  ...{ sync: 's', chunk: 'c', more: false, failures: 0, notBefore: 0 },
  ...{ begunAt: LATER - 9 * DAY, caughtUpAt: LATER - DAY },
};

describe('work that does not go on', () => {
  it.each<Fault>([
    [
      'export_backlog',
      'batches that are not cut',
      'failure',
      /is late, because its batches are not cut/,
      changed(exportProgress, 'us', { coveredUntil: LATER - DAY - (LATER % DAY) }),
    ],
    [
      'export_backlog',
      'an export that was never cut',
      'warning',
      /was never cut/,
      written((tx) => {
        tx.delete(exportProgress, 'us');
      }),
    ],
    [
      'statistics_folded',
      'counts of yesterday',
      'failure',
      /folded only until 2026-01-14T17:00:00Z/,
      changed(totalsProgress, 'folded', { foldedUntil: LATER - DAY }),
    ],
    [
      'federation_lag',
      'a query that never ran',
      'warning',
      /Query q has never run/,
      written((tx) => {
        tx.set(federationQueries, 'q', query);
      }),
    ],
    [
      'federation_lag',
      'a query that is behind',
      'failure',
      /1440 minutes behind/,
      written((tx) => {
        tx.set(federationQueries, 'q', query);
        tx.set(federationPositions, 'q', position);
      }),
    ],
    [
      'federation_lag',
      'a query that has stopped',
      'failure',
      /Query q: /,
      written((tx) => {
        tx.set(federationQueries, 'q', query);
        tx.set(federationPositions, 'q', {
          ...position,
          problem: 'position_lost',
          caughtUpAt: LATER,
        });
      }),
    ],
    [
      'partner_units',
      'units that are not cut',
      'failure',
      /Units of partner neighbour are not cut/,
      written((tx) => {
        tx.set(partners, 'neighbour', partnerDocument(partnerOf({})));
        tx.set(partnerProgress, 'neighbour', { coveredUntil: LATER - DAY });
      }),
    ],
    [
      'partner_units',
      'no unit ever',
      'warning',
      /was never given a unit/,
      written((tx) => {
        tx.set(partners, 'neighbour', partnerDocument(partnerOf({})));
      }),
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });
});

describe('a fault of the network', () => {
  const partnered = written((tx) => {
    tx.set(partners, 'neighbour', partnerDocument(partnerOf({})));
  });
  it.each<Fault>([
    [
      'services_healthy',
      'a service that is not well',
      'failure',
      /publish answers 500: .*store_unavailable/,
      answers({ '/health': answering('{"problems":["store_unavailable"]}', { status: 500 }) }),
    ],
    [
      'services_healthy',
      'nobody there',
      'failure',
      /publish: http:\/\/127\.0\.0\.1:1\/health cannot be fetched/,
      environment({ PUBLISH_PORT: '1' }),
    ],
    [
      'jwks_of_jobs',
      'no keys',
      'failure',
      /has no key/,
      answers({ '/jwks.json': answering('{"keys":[]}') }),
    ],
    [
      'jwks_of_jobs',
      'a page of HTML',
      'failure',
      /is no set of keys/,
      answers({ '/jwks.json': answering('<html>') }),
    ],
    [
      'jwks_of_jobs',
      'nothing there',
      'failure',
      /answers 404/,
      answers({ '/jwks.json': answering('', { status: 404 }) }),
    ],
    [
      'jwks_of_partners',
      'nobody there',
      'failure',
      /cannot be fetched/,
      async (directory) => {
        await partnered(directory);
        return {
          environment: { FEDERATION_ISSUERS: 'https://i.example=http://127.0.0.1:1/jwks.json' },
        };
      },
    ],
    [
      'certificates',
      'a file that is none',
      'failure',
      /is no certificate in PEM/,
      () => ({
        environment: { TLS_CERT_FILE: aFileWith('none.pem', 'none'), TLS_KEY_FILE: 'x' },
      }),
    ],
    [
      'certificates',
      'a file that is not there',
      'could_not_tell',
      /cannot be read/,
      environment({ TLS_CERT_FILE: inScratch('missing.pem'), TLS_KEY_FILE: 'x' }),
    ],
  ])('is named: %s, %s', async (...fault) => {
    await expectNamed(...fault);
  });

  it.each([
    [Date.UTC(2049, 11, 20), 'warning', /expires in 11 days/],
    [Date.UTC(2049, 11, 30), 'failure', /expires in 1 day/],
    [Date.UTC(2050, 0, 1), 'failure', /has expired/],
    [Date.UTC(2040, 0, 1), 'ok', /1 certificate good/],
  ])('is a certificate in a file that ends soon, seen at %d', async (at, status, words) => {
    const file = aFileWith('served.pem', selfSigned('keys.example').certificate);
    const found = await looked('certificates', copyOf(sound), {
      environment: { TLS_CERT_FILE: file, TLS_KEY_FILE: 'x' },
      at: unixMillis(at),
    });
    expect(found.status).toBe(status);
    expect(found.found).toMatch(words);
  });

  it('is a certificate that is served and nobody believes', async () => {
    const { certificate: cert, key } = selfSigned('localhost');
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const found = await looked('certificates', sound, {
      argv: ['--service-url', `publish=${url}`],
    });
    server.close();
    expect(found).toMatchObject({ status: 'failure', code: 3 });
    expect(found.found).toMatch(/The certificate of localhost:\d+ is not believed: /);
  });
});

it.each(['jwks_of_authorities', 'jobs_scheduled', 'bucket_grants', 'key_grants', 'certificates'])(
  'says why there is nothing to look at: %s',
  async (id) => {
    const found = await looked(id, sound);
    expect(found).toMatchObject({ status: 'not_applicable', code: 0 });
    expect(found.found.length).toBeGreaterThan(20);
  },
);

it('changes nothing in a directory that was named by mistake', async () => {
  const directory = inScratch('mistaken');
  mkdirSync(directory);
  const { code } = await doctorAt(['--data-dir', directory], await answersOf(sound));
  expect(code).toBe(3);
  expect(readdirSync(directory)).toEqual([]);
});
