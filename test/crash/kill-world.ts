import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { type Configuration, applyConfiguration } from '@keyserver/configuration';
import { systemRandom } from '@keyserver/random';
import { listen } from '@keyserver/service';
import { batchOf, exportBatches, keyBatches } from '@keyserver/stores';
import { DAY, SECOND, floorTo, unixMillis, systemTimers } from '@keyserver/time';
import type { SeenBatch, SeenPadding, Snapshot } from './checks.ts';
import { type IndexWatch, watchIndex } from './index-watch.ts';
import { BUCKET, type KillGround, openCloudGround, openLocalGround } from './kill-ground.ts';
import type { PhoneSettings } from './phones.ts';
import { type ServiceProcess, serviceProcess } from './service-process.ts';

/** Two exports of one region whose batches overlap; every batch needs padding and several files. */
export const EXPORTS = ['fast', 'slow'] as const;
/** Most keys that one batch may be padded with. */
export const MOST_PADDING = 800 + 50;

const REGION = 'ZZ';
const CALLER = 'jobs@keyserver.localhost';
const AUDIENCE = 'http://export.keyserver.localhost';
const AUTHORITY = { id: 1, issuer: 'https://authority.example', audience: 'keyserver' } as const;
const APP = 'org.example.exposures';

/** The real services as processes over one platform, and everything that stands around them. */
export interface KillWorld {
  readonly ground: KillGround;
  readonly publish: ServiceProcess;
  readonly export: ServiceProcess;
  readonly watches: Readonly<Record<(typeof EXPORTS)[number], IndexWatch>>;
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

/** Configures an empty platform and starts publish and export over it. */
export async function openKillWorld(platform: 'local' | 'gcp'): Promise<KillWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'keyserver-kill-'));
  const ground = await (platform === 'local' ? openLocalGround : openCloudGround)(directory);
  const { store, bucket } = ground;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const options = { actor: 'test', random: systemRandom };
  const applied = await applyConfiguration(store, configurationWith(pem, ground), options);
  if (applied.kind !== 'applied') throw new Error(JSON.stringify(applied));

  let documents: Readonly<Record<string, object>> = {};
  const served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  const issuer = await ground.openIssuer(served.url);
  ({ documents } = issuer);

  const publish = serviceProcess('publish', ground);
  const exporting = serviceProcess('export', ground, {
    MIN_WINDOW_AGE_SECONDS: '0',
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    OIDC_AUDIENCE: AUDIENCE,
    CALLER_EMAILS: CALLER,
  });

  return {
    ground,
    publish,
    export: exporting,
    watches: {
      fast: watchIndex(bucket, 'fast', ground.clock),
      slow: watchIndex(bucket, 'slow', ground.clock),
    },
    phoneSettings: (of) => ({
      ...{ app: APP, kid: 'v1', privateKey, url: publish.url, clock: ground.clock, ...of },
      ...{ issuer: AUTHORITY.issuer, audience: AUTHORITY.audience },
    }),
    startJob: async (route) => {
      const url = exporting.url();
      if (url === undefined) return 0;
      return await postJob(url + route, await issuer.mint({ audience: AUDIENCE, email: CALLER }));
    },
    storedKeys: async () => await storedKeys(store),
    batches: async () => await seenBatches(store),
    snapshot: async () => ({
      objects: await ground.objects(),
      batches: await seenBatches(store),
      padding: await seenPadding(store),
    }),
    close: async () => {
      await Promise.all([publish.stop(), exporting.stop()]);
      await served.close();
      await ground.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configurationWith(publicKey: string, ground: KillGround): Configuration {
  const { clock, periods, signingKey } = ground;
  const from = floorTo(unixMillis(clock.now() - DAY), DAY);
  const anExport = (id: keyof typeof periods, minRecords: number): ExportConfig => ({
    ...{ id, bucket: BUCKET, filenameRoot: id, period: periods[id], from, thru: undefined },
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
        ...{ id: 'main', signingKey, keyId: '310', keyVersion: 'v1' },
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

async function storedKeys(store: DocumentStore): ReturnType<KillWorld['storedKeys']> {
  const [uploaded, padding]: [string[], string[]] = [[], []];
  for await (const page of store.pages(keyBatches, {}))
    for (const { value } of page) {
      const keys = unpackRecords(value.records).map(({ data }) => keyHex(data));
      (value.origin === 'padding' ? padding : uploaded).push(...keys);
    }
  return { uploaded, padding: new Set(padding) };
}

async function seenPadding(store: DocumentStore): Promise<readonly SeenPadding[]> {
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

async function seenBatches(store: DocumentStore): Promise<readonly SeenBatch[]> {
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
