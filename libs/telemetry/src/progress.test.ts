import { MINUTE, SECOND, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import type { ReadProgress } from './instants.ts';
import { progressWatch } from './progress.ts';

const NAME = 'keyserver_data_key_created_timestamp_seconds';

/** A watch over two sources, of which one can be broken; they count how often they are read. */
function watched() {
  const timers = manualTimers();
  const faults: unknown[] = [];
  const watch = progressWatch({ timers, onFault: (fault) => faults.push(fault) });
  const source = { at: 1000, reads: 0, isBroken: false };
  const first: ReadProgress = async (tell) => {
    await Promise.resolve();
    source.reads++;
    tell(NAME, {}, unixMillis(source.at));
    if (source.isBroken) throw new Error('away');
  };
  const second: ReadProgress = async (tell) => {
    await Promise.resolve();
    tell('keyserver_job_completed_timestamp_seconds', { job_name: 'do-work' }, unixMillis(7));
  };
  watch.observe([first, second]);
  const told = async () => (await watch.instants()).map(({ at }) => at);
  return { ...{ timers, faults, watch, source, told } };
}

it('tells nothing while nobody has said where it is read', async () => {
  const watch = progressWatch({ timers: manualTimers(), onFault: () => undefined });
  expect(await watch.instants()).toEqual([]);
});

it('reads twice a minute at most, whoever asks how often', async () => {
  const { told, source, timers } = watched();
  expect(await Promise.all([told(), told()])).toEqual([
    [1000, 7],
    [1000, 7],
  ]);
  source.at = 2000;
  await timers.advance(29 * SECOND);
  expect(await told()).toEqual([1000, 7]);
  expect(source.reads).toBe(1);
  await timers.advance(SECOND);
  expect(await told()).toEqual([2000, 7]);
});

it('says what it said before of what cannot be read, and tells of the fault, so that the time since grows', async () => {
  const { told, source, timers, faults } = watched();
  await told();
  Object.assign(source, { at: 2000, isBroken: true });
  await timers.advance(MINUTE);
  expect(await told()).toEqual([1000, 7]);
  expect(faults).toHaveLength(1);
  source.isBroken = false;
  await timers.advance(MINUTE);
  expect(await told()).toEqual([2000, 7]);
});

it('has nothing to say of what it could never read, and goes on with the rest', async () => {
  const { told, source, faults } = watched();
  source.isBroken = true;
  expect(await told()).toEqual([7]);
  expect(faults).toHaveLength(1);
});

it('gives up on a source that does not answer in five seconds', async () => {
  const { told, watch, timers, faults } = watched();
  watch.observe([async () => await new Promise<never>(() => undefined)]);
  const asked = told();
  await timers.advance(5 * SECOND);
  expect(await asked).toEqual([]);
  expect(faults).toHaveLength(1);
});

it('reads a last time when it comes to rest, and tells that from then on without a fault', async () => {
  const { told, source, timers, watch, faults } = watched();
  await told();
  source.at = 3000;
  await watch.rest();
  Object.assign(source, { at: 4000, isBroken: true });
  await timers.advance(MINUTE);
  expect(await told()).toEqual([3000, 7]);
  expect(source.reads).toBe(2);
  source.isBroken = true;
  await watch.rest();
  expect(faults).toEqual([]);
});
