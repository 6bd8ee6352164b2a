import { cloudJob } from './cloud-job.ts';

describe('a job of Cloud Scheduler', () => {
  it('of which nothing is said is unknown, and has no times', () => {
    expect(cloudJob({})).toEqual({
      ...{ name: '', state: 'UNKNOWN', schedule: '', timeZone: '', target: undefined },
      ...{ deadlineSeconds: 0, retries: 0, lastAttempt: undefined, nextRun: undefined },
    });
  });

  it('may give states and methods by number, and whole seconds as text', () => {
    const byNumber: object = { state: 2, httpTarget: { httpMethod: 4, oidcToken: {} } };
    const job = cloudJob({
      ...byNumber,
      lastAttemptTime: { seconds: '1700000000' },
      status: { code: 99 },
    });
    expect(job).toMatchObject({
      state: 'PAUSED',
      target: { uri: '', method: 'PUT', token: { audience: '', account: '' } },
      lastAttempt: { time: 1_700_000_000_000, status: '99' },
    });
  });

  it('has never been tried when the time of its last attempt is zero', () => {
    expect(cloudJob({ lastAttemptTime: {}, status: {} }).lastAttempt).toBeUndefined();
  });

  it.each([undefined, 0])('posts when its method is %p', (httpMethod) => {
    expect(cloudJob({ httpTarget: { httpMethod: httpMethod as never } }).target?.method).toBe(
      'POST',
    );
  });

  it('has an unknown method when its number is new', () => {
    expect(cloudJob({ httpTarget: { httpMethod: 42 as never } }).target?.method).toBe('UNKNOWN');
  });
});
