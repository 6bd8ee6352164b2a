import type { Folding } from '@keyserver/stores';
import { recordingLog } from '@keyserver/log/testing';
import { cleanTotals } from './clean-totals.ts';

const { signal } = new AbortController();

async function run(folding: Folding) {
  const { log, events } = recordingLog();
  const deleted: string[] = [];
  const report = await cleanTotals(
    {
      fold: async () => await Promise.resolve(folding),
      deleteExpired: async () => {
        deleted.push('expired');
        return await Promise.resolve(2);
      },
      log,
    },
    signal,
  );
  return { report, deleted: deleted.length > 0, events: events() };
}

describe('keeping totals', () => {
  it('deletes what has expired after all is folded', async () => {
    expect(await run({ folded: 3, left: 0 })).toEqual({
      ...{ report: { kind: 'done', done: 5, left: 0 }, deleted: true, events: [] },
    });
  });

  it('says how many hours are left when the time was too short, and leaves the rest to the next run', async () => {
    expect(await run({ folded: 200, left: 7 })).toMatchObject({
      report: { kind: 'done', done: 200, left: 7 },
      deleted: false,
    });
  });

  it('fails when nothing could be folded in its time', async () => {
    expect((await run({ folded: 0, left: 1 })).report).toEqual({
      ...{ kind: 'failed', done: 0, left: 1 },
      problems: ['the run ended before any count was folded'],
    });
  });
});
