import { recordingLog } from '@keyserver/log/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import { type JobReport, type RunningJob, runJob } from './index.ts';
import { manualTimers } from '@keyserver/time/testing';

function aJob() {
  const clock = simulatedClock(unixMillis(1_700_000_000_000));
  const timers = manualTimers();
  const recording = recordingLog();
  const run = async (work: (job: RunningJob) => Promise<JobReport>): Promise<JobReport> =>
    await runJob({ name: 'do-work', deadlineMs: 540_000, clock, log: recording.log, timers }, work);
  return { clock, timers, ...recording, run };
}

const done = { kind: 'done', done: 3, left: 1 } as const;

describe('running a job', () => {
  it('gives the report back and logs it once, with the time it took', async () => {
    const { clock, events, run } = aJob();
    const report = await run(async () => {
      clock.advance(1500);
      return await Promise.resolve(done);
    });
    expect(report).toEqual(done);
    expect(events()).toMatchObject([
      { message: 'job.finished', job: 'do-work', done: 3, left: 1, ms: 1500 },
    ]);
  });

  it('says that it was early without counting as finished', async () => {
    const { events, run } = aJob();
    expect(await run(() => Promise.resolve({ kind: 'too_early' }))).toEqual({ kind: 'too_early' });
    expect(events().map(({ message }) => message)).toEqual(['job.too_early']);
  });

  it('logs how many problems a failed job had, not their texts', async () => {
    const { events, lines, run } = aJob();
    const problems = ['no signing key is in force for de', 'no signing key is in force for fr'];
    const report = await run(() => Promise.resolve({ kind: 'failed', done: 2, left: 2, problems }));
    expect(report).toMatchObject({ kind: 'failed', problems });
    expect(events()).toMatchObject([
      { message: 'job.failed', severity: 'ERROR', done: 2, left: 2, problems: 2 },
    ]);
    expect(lines.join('')).not.toContain('signing key');
  });

  it('turns a fault into a failure with a fixed sentence and one event', async () => {
    const { events, lines, run } = aJob();
    const report = await run(() => Promise.reject(new TypeError('reading 0xSECRET failed')));
    expect(report).toEqual({
      kind: 'failed',
      done: 0,
      left: 0,
      problems: ['the job stopped on an internal fault'],
    });
    expect(events()).toMatchObject([{ message: 'job.failed', causes: [{ class: 'TypeError' }] }]);
    expect(lines.join('')).not.toContain('0xSECRET');
  });

  it('aborts the work at the deadline, and a clock that was set back does not move it', async () => {
    const { clock, timers, run } = aJob();
    const report = await run(async ({ signal, remaining }) => {
      clock.set(unixMillis(1_600_000_000_000));
      expect(remaining()).toBe(540_000);
      await timers.advance(539_999);
      expect(signal.aborted).toBe(false);
      await timers.advance(1);
      expect([signal.aborted, remaining()]).toEqual([true, 0]);
      return done;
    });
    expect(report).toEqual(done);
  });

  it('counts the time that remains by the clock', async () => {
    const { clock, run } = aJob();
    await run(({ remaining }) => {
      clock.advance(500_000);
      expect(remaining()).toBe(40_000);
      clock.advance(50_000);
      expect(remaining()).toBe(0);
      return Promise.resolve(done);
    });
  });

  it('reports work that its deadline stopped', async () => {
    const { timers, events, run } = aJob();
    const report = await run(async ({ signal }) => {
      await timers.advance(540_000);
      signal.throwIfAborted();
      return done;
    });
    expect(report).toMatchObject({ kind: 'failed', problems: ['the deadline passed'] });
    expect(events()).toMatchObject([{ causes: [{ class: 'DeadlineFault' }] }]);
  });

  it('leaves no timer behind', async () => {
    const { timers, run } = aJob();
    await run(() => Promise.resolve(done));
    await run(() => Promise.reject(new Error('away')));
    expect(timers.waiting).toBe(0);
  });
});
