import { makeDataKey } from '@keyserver/publish/testing';
import { machine } from '../support/machine.ts';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DocumentStore } from '@keyserver/docstore';
import { openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { keyBatchDocument, keyBatches, keyHasher } from '@keyserver/stores';
import { DAY, HOUR, SECOND, systemClock, windowLength } from '@keyserver/time';
import { serviceProcess } from './service-process.ts';

// Debian's package faketime: https://github.com/wolfcw/libfaketime
const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path));
const UPLOADS = 129;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-clock-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Stores keys as an upload does that comes now. */
async function upload(store: DocumentStore, id: string, secret: Uint8Array): Promise<void> {
  const settings = {
    window: windowLength(HOUR) as NonNullable<ReturnType<typeof windowLength>>,
    retention: 14 * DAY,
    maxKeyAge: 15 * DAY,
    hashKey: keyHasher(secret),
  };
  await store.transact(async (tx) => {
    await tx.get(keyBatches, [id]);
    const of = { kind: 'primary', origin: 'local', sourceId: '', traveler: false } as const;
    const batch = {
      ...of,
      window: tx.floor(HOUR),
      regions: ['CH'],
      app: 'an.app',
      records: new Uint8Array(0),
    };
    tx.create(keyBatches, id, keyBatchDocument(batch, settings, systemRandom));
  });
}

async function count(store: DocumentStore): Promise<number> {
  let found = 0;
  for await (const page of store.pages(keyBatches, {})) found += page.length;
  return found;
}

async function health(url: string | undefined): Promise<unknown> {
  const response = await fetch(new URL('/health', url));
  return [response.status, await response.json()];
}

it('loses nothing and holds nothing up when publish runs 20 days ahead for three seconds', async () => {
  // A gate without the package would pass in silence.
  if (FAKETIME === undefined && process.env['CI'] !== 'true') {
    process.stderr.write('skipped: the package faketime is not installed\n');
    return;
  }
  const { store, keyHashSecret, wrapperFor, close } = await openLocalPlatform({
    ...machine,
    dataDirectory: directory,
  });
  await makeDataKey(store, wrapperFor('revision-token'));
  for (let n = 0; n < UPLOADS; n++) await upload(store, `before-${String(n)}`, keyHashSecret);
  const ground = {
    env: { PLATFORM: 'local', DATA_DIR: directory },
    script: () => [fileURLToPath(import.meta.resolve('@keyserver/publish/main'))],
  };
  const first = serviceProcess('publish', ground);
  await first.ready();
  await first.stop();
  const wrong = serviceProcess('publish', ground, {
    LD_PRELOAD: FAKETIME ?? '',
    FAKETIME: '+20d',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  });
  await wrong.ready();
  expect(await health(wrong.url())).toEqual([500, { status: 'unhealthy', problems: ['clock'] }]);
  await pause(3 * SECOND);
  await wrong.stop();
  expect(await count(store)).toBe(UPLOADS);
  await upload(store, 'after', keyHashSecret);
  expect(Math.abs((await store.now()) - systemClock.now())).toBeLessThan(30 * SECOND);
  const right = serviceProcess('publish', ground);
  await right.ready();
  expect(await health(right.url())).toEqual([200, { status: 'ok' }]);
  await right.stop();
  expect(await count(store)).toBe(UPLOADS + 1);
  expect([...wrong.troubles, ...right.troubles]).toEqual([]);
  await close();
}, 120_000);
