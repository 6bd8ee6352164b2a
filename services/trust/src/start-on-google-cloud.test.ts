import type { DocumentStore } from '@keyserver/docstore';
import { openFirestoreStore } from '@keyserver/firestore';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import {
  authorityDocument,
  findAuthority,
  healthAuthorities,
  noteTokenKeyAge,
  readDataKeys,
} from '@keyserver/stores';
import { DAY, HOUR, simulatedClock, unixMillis } from '@keyserver/time';
import { impatient, machine } from '../../../test/support/machine.ts';
import { startTrust } from './index.ts';
import { aJwk, startKeyServer } from './testing/index.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const KEY = 'projects/demo-project/locations/eu/keyRings/tokens/cryptoKeys/revision';
const ISSUER = 'authority.example';

const clock = simulatedClock(NOON);
const ambient = testAmbient('trust', { clock, random: impatient });

let firestore: FirestoreStandIn;
let kms: KmsStandIn;
let scheduler: TestMachine;
let store: DocumentStore;

beforeEach(async () => {
  clock.set(NOON);
  ambient.lines.length = 0;
  scheduler = await testMachine('trust', clock);
  firestore = await startFirestoreStandIn({ now: () => clock.now() });
  kms = await startKmsStandIn();
  kms.createWrappingKey(KEY);
  store = await openFirestoreStore({
    ...{ ...machine, clock, projectId: 'demo-project', emulatorHost: firestore.address },
  });
});
afterEach(async () => {
  await store.close();
  await Promise.all([firestore.close(), kms.close(), scheduler.remove()]);
});

type Answer = readonly [number, unknown];

/** Starts the service for as long as `work` takes, which may call its jobs as the scheduler does. */
async function served(
  work: (run: (route: string) => Promise<Answer>) => Promise<void>,
  profile = 'production',
): Promise<void> {
  const { DATA_DIR: _, ...identity } = scheduler.env;
  const service = await startTrust(
    {
      ...identity,
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', PROFILE: profile },
      ...(profile === 'development' ? { TRUNCATE_WINDOW_SECONDS: '60' } : {}),
      ...{ KEY_HASH_SECRET: 'ab'.repeat(32), REVISION_TOKEN_KEY: KEY },
      ...{ FIRESTORE_ENDPOINT: firestore.address, KMS_ENDPOINT: kms.address },
    },
    ambient,
  );
  try {
    await work(async (route) => {
      const headers = await scheduler.caller();
      const response = await fetch(`${service.url}${route}`, { method: 'POST', headers });
      return [response.status, await response.json()];
    });
  } finally {
    await service.close();
  }
}
const dataKeys = async () => (await readDataKeys(store)()).map(({ id }) => id);

describe('the trust service on Google Cloud', () => {
  it('makes data keys under Cloud KMS, and destroys one when no token of it tells of a living key', async () => {
    await noteTokenKeyAge(store, 10 * DAY);
    await served(async (run) => {
      expect(await run('/rotate-keys')).toEqual([200, { ok: true }]);
      clock.advance(7 * DAY);
      await run('/rotate-keys');
      expect(await dataKeys()).toEqual([2, 1]);
      clock.advance(11 * DAY + 2 * HOUR - 1);
      await run('/rotate-keys');
      expect(await dataKeys()).toEqual([3, 2, 1]);
      clock.advance(1);
      await run('/rotate-keys');
      expect(await dataKeys()).toEqual([3, 2]);
    });
  });

  it('destroys none earlier than the largest age allows when nobody has noted one', async () => {
    await served(async (run) => {
      await run('/rotate-keys');
      clock.advance(7 * DAY);
      await run('/rotate-keys');
      clock.advance(31 * DAY);
      await run('/rotate-keys');
      expect(await dataKeys()).toEqual([3, 2, 1]);
      clock.advance(2 * HOUR);
      await run('/rotate-keys');
      expect(await dataKeys()).toEqual([3, 2]);
    });
  });

  it.each(['PERMISSION_DENIED', 'NOT_FOUND'] as const)(
    'fails and changes nothing while Cloud KMS answers %s',
    async (code) => {
      await served(async (run) => {
        await run('/rotate-keys');
        clock.advance(7 * DAY);
        kms.faults.fail({ method: 'Decrypt', code, times: 20 });
        expect((await run('/rotate-keys'))[0]).toBe(500);
        expect(await dataKeys()).toEqual([1]);
      });
    },
  );

  it('makes one data key though its commit was answered ABORTED, or not at all', async () => {
    await served(async (run) => {
      firestore.faults.fail({ method: 'Commit', code: 'ABORTED', times: 1, after: 1 });
      expect((await run('/rotate-keys'))[0]).toBe(200);
      clock.advance(7 * DAY);
      firestore.faults.cut({ method: 'Commit', when: 'after', times: 1, after: 1 });
      await run('/rotate-keys');
      await run('/rotate-keys');
    });
    expect(await dataKeys()).toEqual([2, 1]);
  });

  describe('of an authority that serves its keys', () => {
    const versions = async () =>
      (await findAuthority(store)(ISSUER))?.keys.map((key) => key.version);
    const refreshed = async (profile: string): Promise<Answer | undefined> => {
      const server = await startKeyServer();
      server.serve(aJwk('k1'));
      const names = { id: 1, issuer: ISSUER, audience: 'us', name: 'Health' };
      await store.transact(async (tx) => {
        const authority = { ...names, keys: [], stats: false, jwks: server.url };
        tx.set(healthAuthorities, '1', authorityDocument(authority));
        await Promise.resolve();
      });
      let answer: Answer | undefined;
      await served(async (run) => {
        answer = await run('/refresh-authority-keys');
        await run('/refresh-authority-keys');
      }, profile);
      await server.close();
      return answer;
    };

    it('learns them when the scheduler asks', async () => {
      expect(await refreshed('development')).toEqual([200, { ok: true }]);
      expect(await versions()).toEqual(['k1']);
    });

    it('asks no address of its own machine in production', async () => {
      const errors = ['the keys of authority 1 could not be learned: address'];
      expect(await refreshed('production')).toEqual([500, { errors }]);
      expect(await versions()).toEqual([]);
    });
  });
});
