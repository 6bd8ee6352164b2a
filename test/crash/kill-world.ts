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
import { paddingSourceOf } from '@keyserver/padding';
import { batchOf, exportBatches, keyBatches } from '@keyserver/stores';
import { padCells } from '@keyserver/stores/testing';
import { DAY, SECOND, floorTo, unixMillis, systemTimers } from '@keyserver/time';
import {
  type SeenBatch,
  type SeenCell,
  type SeenCells,
  type SeenPadding,
  type Snapshot,
  settledPadding,
} from './checks.ts';
import { type IndexWatch, watchIndex } from './index-watch.ts';
import { BUCKET, type KillGround, openCloudGround, openLocalGround } from './kill-ground.ts';
import type { PhoneSettings } from './phones.ts';
import { type ServiceProcess, serviceProcess } from './service-process.ts';

/** Two exports of one region whose batches overlap; every cell needs padding, and most batches several files. */
export const EXPORTS = ['fast', 'slow'] as const;
const FLOORS = { fast: 100, slow: 150 };
const RANGE = 50;
/** Most keys that one cell may be padded with: both exports take the same keys, and its last document may go over. */
export const MOST_PADDING = FLOORS.slow + RANGE + 30;

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
  /** Keys of the store in hex: what was uploaded, and what was generated for a cell that is settled. */
  storedKeys(): Promise<{
    readonly uploaded: readonly string[];
    readonly padding: ReadonlySet<string>;
  }>;
  batches(): Promise<readonly SeenBatch[]>;
  cells(): Promise<SeenCells>;
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
    cells: async () => await seenCells(store),
    snapshot: async () => ({
      objects: await ground.objects(),
      batches: await seenBatches(store),
      seen: await seenCells(store),
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
    ...{ minRecords, paddingRange: RANGE, maxRecords: FLOORS.slow, padEmpty: false },
  });
  const { id, issuer, audience } = AUTHORITY;
  const keys = [{ version: 'v1', publicKey, from, thru: undefined }];
  return {
    authorities: [{ id, issuer, audience, name: 'Authority', keys, stats: true }],
    apps: [
      {
        id: APP,
        regions: [REGION],
        authorities: [id],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ],
    signingKeys: [
      {
        ...{ id: 'main', signingKey, keyId: '310', keyVersion: 'v1' },
        ...{ from, thru: undefined },
      },
    ],
    exports: [anExport('fast', FLOORS.fast), anExport('slow', FLOORS.slow)],
    queries: [],
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
  const uploaded: string[] = [];
  for await (const page of store.pages(keyBatches, {}))
    for (const { value } of page)
      if (value.origin !== 'padding') uploaded.push(...hexKeys(value.records));
  const settled = settledPadding(await seenCells(store));
  return { uploaded, padding: new Set(settled.flatMap(({ keys }) => keys)) };
}

const hexKeys = (records: Uint8Array): readonly string[] =>
  unpackRecords(records).map(({ data }) => keyHex(data));

async function seenCells(store: DocumentStore): Promise<SeenCells> {
  const cells: SeenCell[] = [];
  for await (const page of store.pages(padCells, {}))
    for (const { id, value } of page)
      cells.push({ id, attempt: value.attempt, documents: value.documents });
  const padding: SeenPadding[] = [];
  for await (const page of store.pages(keyBatches, {}))
    for (const { id, value } of page)
      if (value.origin === 'padding')
        padding.push({ id, ...sourceOf(value.sourceId), keys: hexKeys(value.records) });
  return { cells, padding };
}

function sourceOf(sourceId: string): Pick<SeenPadding, 'cell' | 'attempt'> {
  const source = paddingSourceOf(sourceId);
  if (source === undefined) throw new Error(`generated keys of no cell: ${sourceId}`);
  return source;
}

async function seenBatches(store: DocumentStore): Promise<readonly SeenBatch[]> {
  const seen: SeenBatch[] = [];
  for await (const page of store.pages(exportBatches, {}))
    for (const found of page) {
      const { id, config, start, end, state, frozen, files } = batchOf(found.id, found.value);
      const names = files.map(({ name }) => name);
      seen.push({
        ...{ id, config: config.id, start, end, state },
        ...{ frozen: frozen !== undefined, files: names },
      });
    }
  return seen;
}
