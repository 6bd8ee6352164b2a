import { StoreFault } from '@keyserver/docstore';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { metDamage } from '@keyserver/service';
import type { ScheduledJobsDeps } from './scheduled-jobs.ts';
import { anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

const damaged = new StoreFault('damaged', 'a page is broken');
const broken = async (): Promise<never> => await Promise.reject(damaged);

/** A fixture with a batch to make, in which one thing fails from now on. */
async function aWorld(): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.declare();
  await fixture.configure(anExport());
  await fixture.publish(1, { window: hour(11) });
  await fixture.cut();
  return fixture;
}

type Failing = (deps: ScheduledJobsDeps) => Partial<ScheduledJobsDeps>;

describe('damage that a job meets', () => {
  it.each<[string, Failing]>([
    ['cutting cannot list the exports', () => ({ listExports: broken })],
    ['an export cannot be cut', () => ({ cutBatches: broken })],
    [
      'work cannot see what is unlisted',
      ({ listings }) => ({ listings: { ...listings, unlisted: broken } }),
    ],
    [
      'the keys of a batch cannot be read',
      () => ({
        readKeyBatches: () => {
          throw damaged;
        },
      }),
    ],
    ['signing keys cannot be tried', () => ({ checkSigningKeys: broken })],
  ])('makes health tell of it when %s', async (_, failing) => {
    const fixture = await aWorld();
    const damage = metDamage(fixture.clock);
    const over = { ...failing(fixture.deps), noteFault: damage.note };
    await expect(damage.probe()).resolves.toBeUndefined();
    const { cut, work } = await fixture.run(over);
    expect([cut.kind, work.kind]).toContain('failed');
    await expect(damage.probe()).rejects.toBe(damaged);
  });

  it('is not told of when a job fails for another reason', async () => {
    const fixture = await aWorld();
    const damage = metDamage(fixture.clock);
    const away = async (): Promise<never> => await Promise.reject(new Error('away'));
    await fixture.run({ listExports: away, noteFault: damage.note });
    await expect(damage.probe()).resolves.toBeUndefined();
  });
});
