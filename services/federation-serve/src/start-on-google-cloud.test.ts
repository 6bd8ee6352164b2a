import { credentials, status } from '@grpc/grpc-js';
import { testAmbient } from '@keyserver/platform/testing';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { impatient } from '../../../test/support/machine.ts';
import { startFederationServe } from './start-federation-serve.ts';
import { fetchClient } from './testing/fetch-client.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';

let firestore: FirestoreStandIn;
const ambient = testAmbient('federation-serve', { random: impatient });
beforeEach(async () => {
  ambient.lines.length = 0;
  firestore = await startFirestoreStandIn();
});
afterEach(async () => {
  await firestore.close();
});

const start = async (more: Readonly<Record<string, string>> = {}) =>
  await startFederationServe(
    {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, PORT: '0' },
      ...more,
    },
    ambient,
  );

it('keeps nothing beside its documents, and starts with an empty database', async () => {
  const service = await start();
  const health = await fetch(`${service.url}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  const client = fetchClient(new URL(service.url).host, credentials.createInsecure());
  expect(await client.call({}, { token: 'Bearer nobody' })).toMatchObject({
    code: status.UNAUTHENTICATED,
  });
  client.close();
  await service.close();
  expect(ambient.lines).toEqual([expect.stringContaining('"message":"caller.refused"')]);
  // The key of tokens is drawn for the first partner that needs one, not by whoever knocks.
  expect([...firestore.contents().keys()]).not.toContain('federationSecrets');
});

it('is unhealthy while the database is away, and says so', async () => {
  const service = await start();
  firestore.faults.fail({ method: 'BatchGetDocuments', code: 'PERMISSION_DENIED', times: 100 });
  firestore.faults.fail({ method: 'RunQuery', code: 'PERMISSION_DENIED', times: 100 });
  const sick = await fetch(`${service.url}/health`);
  expect(await sick.json()).toMatchObject({ status: 'unhealthy' });
  await service.close();
});

it('does not start where nobody answers', async () => {
  await expect(start({ FIRESTORE_ENDPOINT: '127.0.0.1:1' })).rejects.toThrow(
    'Firestore database (default) of project demo-project cannot be used',
  );
});
