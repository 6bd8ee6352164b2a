import { closeTestStores } from '@keyserver/sqlite/testing';
import { keyBatches } from '@keyserver/stores';
import { MINUTE } from '@keyserver/time';
import { binOf } from './testing/archive-keys.ts';
import { hour } from './testing/export-builders.ts';
import { expectRecovery, openOverlap } from './testing/crash-scenario.ts';

afterEach(closeTestStores);

// Every point is tried by crash.slow.test.ts; here one for each step of a batch: settling, freezing and finishing.
it.each(['after cells.write', 'after work.freeze', 'after work.finish'])(
  'gives the same files, each listed once, when a worker dies %s',
  async (point) => {
    expect(await expectRecovery((port) => port === point)).toBe(true);
  },
);

it('gives the same export.bin when a file is lost and has to be made again', async () => {
  const fixture = await openOverlap();
  await fixture.cut();
  const earlier = (await fixture.index('us')) ?? [];
  const archives = (): readonly string[] =>
    [...fixture.written].filter(
      (name) => name.startsWith('us/') && name.endsWith('.zip') && !earlier.includes(name),
    );
  let dead = false;
  await fixture.work(
    fixture.mortal((port) => {
      dead ||= port === 'before work.finish' && archives().length > 0;
      if (dead) throw new Error('the worker is dead');
    }),
  );
  const [name = ''] = archives();
  const content = await fixture.object(name);
  await fixture.deps.openBucket('exports').delete(name);
  // What a worker that died has left of its padding: no cell names it.
  const sources = [];
  for await (const page of fixture.store.pages(keyBatches, {}))
    for (const { value } of page)
      if (value.origin === 'padding' && value.window === hour(15)) sources.push(value.sourceId);
  await fixture.publish(5, {
    window: hour(15),
    origin: 'padding',
    sourceId: `${sources[0]!.split('/')[0]!}/of-the-dead`,
  });
  fixture.clock.advance(2 * MINUTE);
  await fixture.work();
  expect(binOf(await fixture.object(name))).toEqual(binOf(content));
  expect(await fixture.index('us')).toEqual([...earlier, name]);
});
