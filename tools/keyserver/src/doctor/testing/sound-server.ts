import { cpSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { applyConfiguration, parseConfiguration } from '@keyserver/configuration';
import { aFile, aPublicKey, anEntry } from '@keyserver/configuration/testing';
import type { DocumentStore } from '@keyserver/docstore';
import { openExportFixture } from '@keyserver/export/testing';
import type { BlobStore, FindSigner, OpenBucket, TrySigner } from '@keyserver/export-file';
import { type LocalPlatform, bucketsOf, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import type { KeyWrapper } from '@keyserver/revision-token';
import {
  bucketParts,
  checkPart,
  openStoreFormat,
  readStoreFormat,
  rotateDataKeys,
  signingKeys,
  totalsProgress,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  type UnixMillis,
  simulatedClock,
  systemTimers,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import { type Ran, inScratch, keyserver } from '../../testing/run-cli.ts';
import { serve } from '../../testing/serve.ts';

/** When the sound server was last worked on. */
export const LATER = unixMillis(Date.UTC(2026, 0, 15, 17));

/** How a server is configured that nothing speaks against, since some months before. */
function soundFile(signingKey: string): string {
  const from = '2025-09-01T00:00:00Z';
  const key = { version: 'v1', publicKey: aPublicKey(), from };
  const padded = { minRecords: 200, paddingRange: 20, maxRecords: 10_000 };
  return aFile({
    authorities: [anEntry('authorities', { keys: [key] })],
    signingKeys: [anEntry('signingKeys', { signingKey, from })],
    exports: [anEntry('exports', { ...padded, from })],
  });
}

/** What a sound server is made over. */
interface Ground {
  readonly store: DocumentStore;
  readonly openBucket: OpenBucket;
  readonly findSigner: FindSigner;
  readonly trySigner: TrySigner;
  readonly wrapper: KeyWrapper;
  readonly keyHashSecret: Uint8Array;
  readonly bucket: BlobStore;
  readonly signingKey: string;
}

/** Configures a server, and has keys published and exported, as its services do. */
export async function makeSound(
  openGround: (clock: ReturnType<typeof simulatedClock>) => Promise<Ground>,
): Promise<void> {
  let ground: Ground | undefined;
  const fixture = await openExportFixture({
    openStore: async (clock) => {
      ground = await openGround(clock);
      const { store, keyHashSecret } = ground;
      const window = windowLength(HOUR);
      const known = { place: 'a test', profile: 'production' as const, keyHashSecret };
      const format = { ...known, ...(window === undefined ? {} : { window }) };
      await openStoreFormat(store, format, systemRandom);
      const parsed = parseConfiguration(soundFile(ground.signingKey));
      if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
      const how = { actor: 'test', random: systemRandom };
      const applied = await applyConfiguration(store, parsed.value, how);
      if (applied.kind === 'refused') throw new Error('the configuration is refused');
      return store;
    },
    openBucket: () => ground!.bucket,
  });
  const { store, openBucket, findSigner, trySigner, wrapper } = ground!;
  await store.transact(async (tx) => {
    await Promise.resolve();
    tx.delete(signingKeys, 'k1'); // the fixture's own
  });
  await fixture.publish(12, { window: unixMillis(LATER - 9 * HOUR) });
  fixture.clock.set(unixMillis(LATER));
  await fixture.run({ findSigner, trySigner });
  await rotateDataKeys(store, {
    draw: async () => {
      const bound = systemRandom.bytes(16);
      return { bound, wrapped: await wrapper.wrap(systemRandom.bytes(32), bound) };
    },
    newAfter: DAY,
    destroyAfter: DAY,
    certain: undefined,
  });
  await store.transact(async (tx) => {
    tx.set(totalsProgress, 'folded', { foldedUntil: LATER - HOUR });
    await Promise.resolve();
  });
  const storeId = (await readStoreFormat(store))?.storeId ?? '';
  for (const part of await bucketParts(store, openBucket))
    await checkPart({ store, storeId }, part);
}

let directories = 0;

/** The data directory of a sound server on one machine. */
export async function aSoundServer(): Promise<string> {
  const dataDirectory = inScratch(`doctor-${String((directories += 1))}`);
  let local: LocalPlatform | undefined;
  await makeSound(async (clock) => {
    local = await openLocalPlatform({
      ...{ dataDirectory, clock, timers: systemTimers, random: systemRandom },
    });
    await local.createSigningKey('export-1');
    const { store, openBucket, findSigner, trySigner, keyHashSecret } = local;
    return {
      ...{ store, openBucket, findSigner, trySigner, keyHashSecret, signingKey: 'export-1' },
      wrapper: local.wrapperFor('revision-token'),
      bucket: openBucket('exports'),
    };
  });
  const { store, keysPart, close } = local!;
  const storeId = (await readStoreFormat(store))?.storeId ?? '';
  await checkPart({ store, storeId }, keysPart);
  await close();
  return dataDirectory;
}

/** A copy of a data directory, to be spoiled. */
export function copyOf(dataDirectory: string): string {
  const copy = inScratch(`doctor-${String((directories += 1))}`);
  cpSync(dataDirectory, copy, { recursive: true });
  return copy;
}

/** Works on the server of a data directory, and closes it. */
export async function spoil(
  dataDirectory: string,
  work: (local: LocalPlatform) => Promise<unknown>,
  at: UnixMillis = LATER,
): Promise<void> {
  const machine = { clock: simulatedClock(at), timers: systemTimers, random: systemRandom };
  const local = await openLocalPlatform({ ...machine, dataDirectory, databaseMayBeOlder: true });
  await work(local);
  await local.close();
}

/** An answer of a service or of the file server, with the date that the server's clock shows. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const answering =
  (
    body: string,
    options: {
      readonly status?: number;
      readonly at?: number;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Answer =>
  (_request, response) => {
    const { status = 200, at = LATER, headers = {} } = options;
    response.writeHead(status, { date: new Date(at).toUTCString(), ...headers }).end(body);
  };

/** Everything that a sound server answers on one address: health, the keys of its issuer, and its index. */
export async function answersOf(
  dataDirectory: string,
  over: Readonly<Record<string, Answer>> = {},
): Promise<Readonly<Record<string, string>>> {
  const index = await bucketsOf(dataDirectory).openBucket('exports').read('v1/index.txt');
  const url = await serve({
    '/health': answering('{"status":"ok"}'),
    '/jwks.json': answering('{"keys":[{"kty":"RSA"}]}'),
    '/exports/v1/index.txt': answering(Buffer.from(index?.content ?? []).toString(), {
      headers: { 'cache-control': index?.info.cacheControl ?? '' },
    }),
    ...over,
  });
  const { port } = new URL(url);
  const names = ['PUBLISH', 'EXPORT', 'TRUST', 'CLEANUP', 'FEDERATION_SERVE', 'FEDERATION_PULL'];
  return Object.fromEntries([...names, 'CDN', 'ISSUER'].map((name) => [`${name}_PORT`, port]));
}

/** Runs the doctor at the time of the sound server. */
export const doctorAt = async (
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  at: UnixMillis = LATER,
): Promise<Ran> => await keyserver(['doctor', ...argv], { environment, clock: simulatedClock(at) });
