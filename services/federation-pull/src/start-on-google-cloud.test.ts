import { aQuery, aWireKey } from '@keyserver/federation/testing';
import { openFirestoreStore } from '@keyserver/firestore';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type MetadataStandIn, startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { federationQueries, queryDocument, readStandings, readSyncs } from '@keyserver/stores';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { impatient, machine } from '../../../test/support/machine.ts';
import { startFederationPull } from './index.ts';
import { aGrpcPartner, closeGrpcPartners } from './testing/index.ts';

const clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15, 12)));
const environment = process.env;
const ambient = testAmbient('federation-pull', { clock, random: impatient });

let firestore: FirestoreStandIn;
let metadata: MetadataStandIn;
let scheduler: TestMachine;
/** The tokens that the partner was sent. */
let seen: string[];

const tokenOf = (audience: string): string =>
  [{ alg: 'RS256' }, { aud: audience, exp: clock.now() / 1000 + 3600 }, 'signed']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
const open = async () =>
  await openFirestoreStore({
    ...{ ...machine, clock, projectId: 'demo-project', emulatorHost: firestore.address },
  });

beforeEach(async () => {
  ambient.lines.length = 0;
  seen = [];
  scheduler = await testMachine('pull', clock);
  firestore = await startFirestoreStandIn({ now: () => clock.now() });
  metadata = await startMetadataStandIn(tokenOf);
  process.env = {
    CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs the tests
    METADATA_SERVER_DETECTION: 'assume-present',
    GCE_METADATA_HOST: metadata.address,
  };
  const port = await aGrpcPartner((authorization) => {
    seen.push(authorization);
    return { keys: [aWireKey(1), aWireKey(2)], next: [3600, 'a'] };
  });
  const query = aQuery({ server: `127.0.0.1:${port}` });
  const store = await open();
  await store.transact(async (tx) => {
    tx.set(federationQueries, query.id, queryDocument(query));
    await Promise.resolve();
  });
  await store.close();
});
afterEach(async () => {
  process.env = environment;
  closeGrpcPartners();
  await Promise.all([firestore.close(), metadata.close(), scheduler.remove()]);
});

/** Starts the service, has it called once as the scheduler does, and ends it. */
async function pulled(): Promise<{ readonly status: number; readonly health: unknown }> {
  const { DATA_DIR: _, ...identity } = scheduler.env;
  const service = await startFederationPull(
    {
      ...identity,
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, FEDERATION_PLAINTEXT_LOOPBACK: 'true' },
    },
    ambient,
  );
  try {
    const headers = await scheduler.caller();
    const url = `${service.url}/?query-id=neighbour`;
    const { status } = await fetch(url, { method: 'POST', headers });
    const health = await fetch(`${service.url}/health`);
    return { status, health: await health.json() };
  } finally {
    await service.close();
  }
}

/** Where the query stands, and what its runs came to. */
async function kept() {
  const store = await open();
  const [standing] = await readStandings(store, ['neighbour']);
  const runs = await readSyncs(store, 'neighbour', unixMillis(0));
  await store.close();
  return { standing, runs };
}

describe('the federation-pull service on Google Cloud', () => {
  it('is to its partner the account that the machine runs as', async () => {
    expect(await pulled()).toEqual({ status: 200, health: { status: 'ok' } });
    const { audience } = aQuery();
    expect(seen).toEqual([`Bearer ${tokenOf(audience)}`]);
    expect(metadata.asked).toEqual([audience]);
    const { standing, runs } = await kept();
    expect(standing).toMatchObject({ failures: 0, state: { keys: { timestamp: 3600 } } });
    expect(runs).toMatchObject([{ outcome: 'caught_up', inserted: 2, pages: 1 }]);
  });

  it('calls nobody without a token, says so, and waits', async () => {
    metadata.fault({ kind: 'fail', status: 404, times: 100 });
    expect((await pulled()).status).toBe(500);
    expect(seen).toEqual([]);
    const { standing, runs } = await kept();
    expect(standing).toMatchObject({ failures: 1, problem: 'no_token', state: undefined });
    expect(runs).toMatchObject([{ outcome: 'no_token', inserted: 0 }]);
    expect(ambient.lines.join('\n')).toMatch('"problem":"no_token"');
  });

  it.each(['ABORTED', 'UNAVAILABLE'] as const)(
    'stores each key once though a commit was answered %s',
    async (code) => {
      // The commits of a run: its lease, its beginning, the chunk, its end, and the lease given back.
      for (const after of [0, 2, 4, 6, 8])
        firestore.faults.fail({ method: 'Commit', code, times: 1, after });
      expect((await pulled()).status).toBe(200);
      expect((await kept()).runs).toMatchObject([{ outcome: 'caught_up', inserted: 2, known: 0 }]);
    },
  );

  it('stores each key once though the connection broke after each commit', async () => {
    for (const after of [0, 2, 4, 6, 8])
      firestore.faults.cut({ method: 'Commit', when: 'after', times: 1, after });
    const { status } = await pulled();
    const again = await pulled();
    expect([status, again.status]).toEqual([200, 200]);
    const { runs } = await kept();
    expect(runs.map(({ inserted }) => inserted).reduce((sum, n) => sum + n, 0)).toBe(2);
  });
});
