import { recordingLog } from '@keyserver/log/testing';
import { housekeepingWatch } from './housekeeping-watch.ts';

const sweep = { task: 'sweep', collection: 'keyBatches', code: 11 } as const;
const other = { task: 'sweep', collection: 'totalDeltas', code: 10 } as const;

it('is healthy and silent while everything succeeds', async () => {
  const { log, events } = recordingLog();
  const watch = housekeepingWatch(log);
  watch.heard([]);
  await expect(watch.probe()).resolves.toBeUndefined();
  expect(events()).toEqual([]);
});

it('tells once of each piece that fails, and is unhealthy until none does', async () => {
  const { log, events } = recordingLog();
  const watch = housekeepingWatch(log);
  watch.heard([sweep]);
  watch.heard([sweep, other]);
  await expect(watch.probe()).rejects.toMatchObject({ code: 'housekeeping_failed' });
  watch.heard([other]);
  await expect(watch.probe()).rejects.toMatchObject({ code: 'housekeeping_failed' });
  watch.heard([]);
  await expect(watch.probe()).resolves.toBeUndefined();
  expect(events().map(({ message }) => message)).toEqual([
    'housekeeping.failed',
    'housekeeping.failed',
    'housekeeping.recovered',
  ]);
});

it('names no collection when the store as a whole is concerned', () => {
  const { log, events } = recordingLog();
  housekeepingWatch(log).heard([{ task: 'time', collection: '', code: 0 }]);
  const [event] = events('housekeeping.failed');
  expect(event).toMatchObject({ task: 'time', code: 0 });
  expect(event).not.toHaveProperty('collection');
});

it('tells that the array indexes were made anew', () => {
  const { log, events } = recordingLog();
  housekeepingWatch(log).arraysMade(14);
  expect(events('store.index_made_anew')).toEqual([expect.objectContaining({ entries: 14 })]);
});
