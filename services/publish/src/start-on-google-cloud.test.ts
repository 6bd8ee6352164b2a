import { impatient, machine } from '../../../test/support/machine.ts';
import { createLogger } from '@keyserver/log';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { systemClock, systemTimers } from '@keyserver/time';
import { startPublish } from './index.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';

it('keeps its documents on Google Cloud, at the address that it is given', async () => {
  const firestore = await startFirestoreStandIn();
  const lines: string[] = [];
  const service = await startPublish(
    {
      ...{ PLATFORM: 'gcp', GCP_PROJECT: 'demo-project', KEY_HASH_SECRET: 'ab'.repeat(32) },
      ...{ FIRESTORE_ENDPOINT: firestore.address, PORT: '0' },
    },
    {
      ...{ ...machine, random: impatient, logHealth: () => Promise.resolve() },
      openLog: (level) =>
        createLogger({
          ...{ timers: systemTimers, service: 'publish', clock: systemClock, level },
          write: (line) => lines.push(line),
        }),
    },
  );
  const health = await fetch(`${service.url}/health`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  expect(lines).toEqual([]);
  await service.close();
  await firestore.close();
});
