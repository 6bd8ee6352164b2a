import { recordingLog } from '@keyserver/log/testing';
import { MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { type JobReport, jobRunner, runAlone } from './index.ts';
import { memoryLeases } from './testing/index.ts';

const ALL_DONE: JobReport = { kind: 'done', done: 3, left: 0 };
const JOB = { name: 'cleanup-keys', deadlineMs: MINUTE } as const;

function alone(standsStill: () => Promise<boolean> = () => Promise.resolve(false)) {
  const clock = simulatedClock(unixMillis(1_700_000_000_000));
  const timers = manualTimers();
  const { log, events } = recordingLog();
  const leases = memoryLeases(clock);
  const noted: [string, JobReport][] = [];
  const runner = jobRunner({ clock, log, timers, noteFault: () => undefined, standsStill });
  const noteRun = async (job: string, report: JobReport): Promise<void> => {
    noted.push([job, report]);
    await Promise.resolve();
  };
  const run = async (work: () => Promise<JobReport>) =>
    await runAlone({ runner, leases, timers, noteRun }, JOB, work);
  const told = () => events().map(({ message, job }) => [message, job]);
  return { leases, noted, run, told };
}

describe('a job that runs alone', () => {
  it('gives its report, has it noted, and gives the lease back', async () => {
    const { leases, noted, run } = alone();
    expect(await run(() => Promise.resolve(ALL_DONE))).toEqual(ALL_DONE);
    expect(noted).toEqual([['cleanup-keys', ALL_DONE]]);
    expect(await leases.acquire('cleanup-keys', MINUTE)).toBeDefined();
  });

  it('is not done, and nothing is noted, while another run is under way', async () => {
    const { leases, noted, run } = alone();
    await leases.acquire('cleanup-keys', MINUTE);
    const never = (): Promise<JobReport> => Promise.reject(new Error('it was done'));
    expect(await run(never)).toEqual({ kind: 'too_early' });
    expect(noted).toEqual([]);
  });

  it('is not done at a server at rest, and says under its own name that it ran', async () => {
    const { noted, run, told } = alone(() => Promise.resolve(true));
    const never = (): Promise<JobReport> => Promise.reject(new Error('it was done'));
    expect(await run(never)).toEqual({ kind: 'done', done: 0, left: 0 });
    expect([noted, told()]).toEqual([[], [['job.finished', 'cleanup-keys']]]);
  });

  it('fails under its own name while nobody can say whether the server is at rest', async () => {
    const { run, told } = alone(() => Promise.reject(new Error('the store is away')));
    expect(await run(() => Promise.resolve(ALL_DONE))).toMatchObject({ kind: 'failed' });
    expect(told()).toEqual([['job.failed', 'cleanup-keys']]);
  });
});
