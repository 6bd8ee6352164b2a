import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ExportConfig } from '@keyserver/export-file';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { type Configuration, applyConfiguration } from '@keyserver/operations';
import { systemRandom } from '@keyserver/random';
import { listen } from '@keyserver/service';
import { batchOf, exportBatches, keyBatches } from '@keyserver/stores';
import { DAY, SECOND, floorTo, systemClock, unixMillis } from '@keyserver/time';
import type { SeenBatch, SeenPadding, Snapshot } from './checks.ts';
import { type IndexWatch, watchIndex } from './index-watch.ts';
import type { PhoneSettings } from './phones.ts';
import { type ServiceProcess, serviceProcess } from './service-process.ts';

/** Two exports of one region whose batches overlap; every batch needs padding and several files. */
export const PERIODS = { fast: 2 * SECOND, slow: 4 * SECOND } as const;
/** Most keys that one batch may be padded with. */
export const MOST_PADDING = 800 + 50;

const REGION = 'ZZ';
const CALLER = 'jobs@keyserver.localhost';
const AUDIENCE = 'http://export.keyserver.localhost';
const AUTHORITY = { id: 1, issuer: 'https://authority.example', audience: 'keyserver' } as const;
const APP = 'org.example.exposures';

/** The real services as processes over one data directory, and everything that stands around them. */
export interface KillWorld {
  readonly platform: LocalPlatform;
  readonly publish: ServiceProcess;
  readonly export: ServiceProcess;
  readonly watches: Readonly<Record<keyof typeof PERIODS, IndexWatch>>;
  phoneSettings(of: Pick<PhoneSettings, 'random' | 'sending'>): PhoneSettings;
  /** Starts a job; the status, or 0 when there was no answer. */
  startJob(route: '/create-batches' | '/do-work'): Promise<number>;
  /** Keys of the store in hex: what was uploaded, and what was generated. */
  storedKeys(): Promise<{
    readonly uploaded: readonly string[];
    readonly padding: ReadonlySet<string>;
  }>;
  batches(): Promise<readonly SeenBatch[]>;
  snapshot(): Promise<Snapshot>;
  close(): Promise<void>;
}

/** Configures an empty data directory and starts publish and export over it. */
export async function openKillWorld(): Promise<KillWorld> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'keyserver-kill-'));
  const platform = await openLocalPlatform({ dataDirectory });
  const { store } = platform;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await platform.createSigningKey('export-1');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const options = { actor: 'test', random: systemRandom };
  const applied = await applyConfiguration(store, configurationWith(pem), options);
  if (applied.kind !== 'applied') throw new Error(JSON.stringify(applied));

  let documents: Readonly<Record<string, object>> = {};
  const served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0 },
  );
  const issuer = await platform.openIssuer(served.url);
  ({ documents } = issuer);

  const common = {
    PLATFORM: 'local',
    DATA_DIR: dataDirectory,
    TRUNCATE_WINDOW_SECONDS: '1',
  };
  const publish = serviceProcess('publish', common);
  const exporting = serviceProcess('export', {
    ...common,
    MIN_WINDOW_AGE_SECONDS: '0',
    LEASE_SECONDS: '3',
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    OIDC_AUDIENCE: AUDIENCE,
    CALLER_EMAILS: CALLER,
  });
  const token = await issuer.mint({ audience: AUDIENCE, email: CALLER });
  const bucket = platform.openBucket('exports');

  return {
    platform,
    publish,
    export: exporting,
    watches: { fast: watchIndex(bucket, 'fast'), slow: watchIndex(bucket, 'slow') },
    phoneSettings: (of) => ({
      ...{ app: APP, kid: 'v1', privateKey, url: publish.url, ...of },
      ...{ issuer: AUTHORITY.issuer, audience: AUTHORITY.audience },
    }),
    startJob: async (route) => {
      const url = exporting.url();
      return url === undefined ? 0 : await postJob(url + route, token);
    },
    storedKeys: async () => await storedKeys(platform),
    batches: async () => await seenBatches(platform),
    snapshot: async () => ({
      objects: await filesBelow(join(dataDirectory, 'buckets')),
      batches: await seenBatches(platform),
      padding: await seenPadding(platform),
    }),
    close: async () => {
      await Promise.all([publish.stop(), exporting.stop()]);
      await served.close();
      await platform.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

function configurationWith(publicKey: string): Configuration {
  const from = floorTo(unixMillis(systemClock.now() - DAY), DAY);
  const anExport = (id: keyof typeof PERIODS, minRecords: number): ExportConfig => ({
    ...{ id, bucket: 'exports', filenameRoot: id, period: PERIODS[id], from, thru: undefined },
    ...{ outputRegion: REGION, inputRegions: [], excludeRegions: [], signingKeys: ['main'] },
    ...{ includeTravelers: false, onlyNonTravelers: false },
    ...{ minRecords, paddingRange: 50, maxRecords: 150 },
  });
  const { id, issuer, audience } = AUTHORITY;
  const keys = [{ version: 'v1', publicKey, from, thru: undefined }];
  return {
    authorities: [{ id, issuer, audience, name: 'Authority', keys }],
    apps: [{ id: APP, regions: [REGION], authorities: [id], bypassCertificate: false }],
    signingKeys: [
      {
        ...{ id: 'main', signingKey: 'export-1', keyId: '310', keyVersion: 'v1' },
        ...{ from, thru: undefined },
      },
    ],
    exports: [anExport('fast', 400), anExport('slow', 800)],
  };
}

async function postJob(url: string, token: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(30 * SECOND),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

async function storedKeys({ store }: LocalPlatform): ReturnType<KillWorld['storedKeys']> {
  const [uploaded, padding]: [string[], string[]] = [[], []];
  for await (const page of store.pages(keyBatches, {}))
    for (const { value } of page) {
      const keys = unpackRecords(value.records).map(({ data }) => keyHex(data));
      (value.origin === 'padding' ? padding : uploaded).push(...keys);
    }
  return { uploaded, padding: new Set(padding) };
}

async function seenPadding({ store }: LocalPlatform): Promise<readonly SeenPadding[]> {
  const seen: SeenPadding[] = [];
  for await (const page of store.pages(keyBatches, {}))
    for (const { id, value } of page)
      if (value.origin === 'padding')
        seen.push({
          id,
          sequence: Number(value.sourceId),
          keys: unpackRecords(value.records).length,
        });
  return seen;
}

async function seenBatches({ store }: LocalPlatform): Promise<readonly SeenBatch[]> {
  const seen: SeenBatch[] = [];
  for await (const page of store.pages(exportBatches, {}))
    for (const found of page) {
      const { id, config, start, end, state, frozen, files } = batchOf(found.id, found.value);
      const sequence = frozen?.paddingSequence;
      const names = files.map(({ name }) => name);
      seen.push({ ...{ id, config: config.id, start, end, state, sequence }, files: names });
    }
  return seen;
}

async function filesBelow(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const digests = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      return [relative(directory, path), digest] as const;
    }),
  );
  return new Map(digests);
}
