import { closeTestStores } from '@keyserver/sqlite/testing';
import { MINUTE } from '@keyserver/time';
import { binOf } from './testing/archive-keys.ts';
import { archivesOf, expectRecovery, openOverlap } from './testing/crash-scenario.ts';

afterEach(closeTestStores);

it.each([
  'before cutBatches',
  'after cutBatches',
  'after queue.lease',
  'before work.freeze',
  'after work.freeze',
  'before bucket.put',
  'after bucket.put',
  'before work.finish',
  'after work.finish',
  'before bucket.list',
  'before listings.markListed',
  'before queue.release',
])('gives the same files, each listed once, when a worker dies %s', async (point) => {
  expect(await expectRecovery((port) => port === point)).toBe(true);
});

it('gives the same export.bin when a file is lost and has to be made again', async () => {
  const fixture = await openOverlap();
  await fixture.cut();
  let dead = false;
  await fixture.work(
    fixture.mortal((port) => {
      dead ||= port === 'before work.finish';
      if (dead) throw new Error('the worker is dead');
    }),
  );
  const [[name, content] = ['', new Uint8Array()]] = await archivesOf(fixture);
  await fixture.deps.openBucket('exports').delete(name);
  await fixture.publish(5, {
    window: (await fixture.batches('us'))[0]!.start,
    origin: 'padding',
    sourceId: '2',
  });
  fixture.clock.advance(2 * MINUTE);
  await fixture.work();
  expect(binOf(await fixture.object(name))).toEqual(binOf(content));
  expect(await fixture.index('us')).toEqual([name]);
});
