import type { Folding } from '@keyserver/stores';
import { recordingLog } from '@keyserver/log/testing';
import { cleanTotals } from './clean-totals.ts';

const { signal } = new AbortController();

async function run(folding: Folding) {
  const { log, events } = recordingLog();
  const fold = async () => await Promise.resolve(folding);
  return { report: await cleanTotals({ fold, log }, signal), events: events() };
}

describe('keeping totals', () => {
  it('says how many counts were folded', async () => {
    expect(await run({ folded: 3, expired: 0, left: 0 })).toEqual({
      ...{ report: { kind: 'done', done: 3, left: 0 }, events: [] },
    });
  });

  it('tells of counts that came too late for any statistics', async () => {
    const { events } = await run({ folded: 3, expired: 2, left: 0 });
    expect(events).toMatchObject([{ message: 'cleanup.counts_expired', count: 2 }]);
  });

  it('says how many hours are left when the time was too short, and leaves the rest to the next run', async () => {
    expect(await run({ folded: 200, expired: 0, left: 7 })).toMatchObject({
      report: { kind: 'done', done: 200, left: 7 },
    });
  });

  it('fails when nothing could be folded in its time', async () => {
    expect((await run({ folded: 0, expired: 0, left: 1 })).report).toEqual({
      ...{ kind: 'failed', done: 0, left: 1 },
      problems: ['the run ended before any count was folded'],
    });
  });
});
