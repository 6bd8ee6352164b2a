import { openTestBucket } from '@keyserver/local/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { probeAll } from '@keyserver/service';
import { seededRandom } from '@keyserver/random/testing';
import { simulatedClock, systemTimers } from '@keyserver/time';
import { probesOfWork } from './probes-of-work.ts';
import { NOON, anExport } from './testing/export-world.ts';

afterEach(closeTestStores);

/** All probes as one, over a bucket whose objects can be made impossible to find; and what was looked for. */
async function probing() {
  const clock = simulatedClock(NOON);
  const bucket = openTestBucket();
  const asked: string[] = [];
  const fault = { of: undefined as Error | undefined };
  const probe = probeAll(
    systemTimers,
    probesOfWork({
      ...{ store: await openTestStore({ clock }), random: seededRandom('probes'), clock },
      listExports: async () => await Promise.resolve([anExport()]),
      openBucket: (name) => ({
        ...bucket,
        find: async (object) => {
          asked.push(`${name}/${object}`);
          if (fault.of !== undefined) throw fault.of;
          return await bucket.find(object);
        },
      }),
    }),
  );
  return { probe, asked, fault, clock };
}

describe('the probes of work', () => {
  it('are content with an export that has no index yet, for which they look', async () => {
    const { probe, asked } = await probing();
    await expect(probe()).resolves.toBeUndefined();
    expect(asked).toEqual(['exports/us/index.txt']);
  });

  it('name a bucket that does not answer, until it does', async () => {
    const { probe, fault } = await probing();
    fault.of = new Error('403');
    await expect(probe()).rejects.toMatchObject({ reason: 'bucket_unavailable', cause: fault.of });
    fault.of = undefined;
    await expect(probe()).resolves.toBeUndefined();
  });

  it('look once a minute, however often they are asked', async () => {
    const { probe, asked, clock } = await probing();
    await probe();
    clock.advance(59_000);
    await probe();
    expect(asked).toHaveLength(1);
    clock.advance(1000);
    await probe();
    expect(asked).toHaveLength(2);
  });
});
