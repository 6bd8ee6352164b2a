import { type Deployment, checkJobs, jobsWithoutQuery, missingServices } from './check-jobs.ts';
import { SCHEDULED_JOBS } from './scheduled-jobs.ts';
import type { JobState } from './scheduler.ts';

const URL = 'https://export.example';
const TRUST = 'https://trust.example';
const CLEANUP = 'https://cleanup.example';
const deployment: Deployment = {
  urls: new Map([
    ['export', URL],
    ['cleanup', CLEANUP],
    ['trust', TRUST],
  ]),
  prefix: 'en-',
};

const target = (route: string): NonNullable<JobState['target']> => ({
  uri: `${URL}${route}`,
  method: 'POST',
  token: { audience: URL, account: 'jobs@health.example' },
});
const createBatches: JobState = {
  name: 'en-export-create-batches',
  state: 'ENABLED',
  schedule: '*/5 * * * *',
  timeZone: 'Etc/UTC',
  target: target('/create-batches'),
  deadlineSeconds: 300,
  retries: 3,
  lastAttempt: undefined,
  nextRun: undefined,
};
const doWork: JobState = {
  ...createBatches,
  name: 'en-export-do-work',
  schedule: '* * * * *',
  target: target('/do-work'),
  deadlineSeconds: 540,
};

const foldTotals: JobState = {
  ...createBatches,
  name: 'en-cleanup-totals',
  target: {
    ...target('/totals'),
    uri: `${CLEANUP}/totals`,
    token: { audience: CLEANUP, account: 'jobs@health.example' },
  },
  deadlineSeconds: 120,
};

const deletion = (name: 'keys' | 'exports'): JobState => ({
  ...foldTotals,
  name: `en-cleanup-${name}`,
  schedule: '0 */4 * * *',
  target: {
    ...target(`/${name}`),
    uri: `${CLEANUP}/${name}`,
    token: { audience: CLEANUP, account: 'jobs@health.example' },
  },
  deadlineSeconds: 540,
});
const [deleteKeys, deleteFiles] = [deletion('keys'), deletion('exports')];

const rotateKeys: JobState = {
  ...createBatches,
  name: 'en-trust-rotate-keys',
  schedule: '0 */4 * * *',
  target: {
    ...target('/rotate-keys'),
    uri: `${TRUST}/rotate-keys`,
    token: { audience: TRUST, account: 'jobs@health.example' },
  },
  deadlineSeconds: 120,
};

const refreshKeys: JobState = {
  ...rotateKeys,
  name: 'en-trust-refresh-authority-keys',
  schedule: '*/2 * * * *',
  target: { ...rotateKeys.target!, uri: `${TRUST}/refresh-authority-keys` },
  ...{ deadlineSeconds: 110, retries: 1 },
};

const OTHERS = [doWork, foldTotals, deleteKeys, deleteFiles, rotateKeys, refreshKeys];

/** What is wrong with create-batches, as aspect, wanted and found, when it is changed so. */
function wrong(change: Partial<JobState>, overrides: Partial<Deployment> = {}): readonly string[] {
  const present = [{ ...createBatches, ...change }, ...OTHERS];
  const checked = checkJobs({ ...deployment, ...overrides }, present);
  return checked.flatMap(({ differences }) =>
    differences.map(({ aspect, wanted, found }) => `${aspect}: ${found}, not ${wanted}`),
  );
}

describe('the jobs of a deployment', () => {
  it('are right when they are as the table has them', () => {
    const checked = checkJobs(deployment, [...OTHERS, createBatches]);
    expect(checked.map(({ job, differences }) => [job.name, differences])).toEqual([
      ['en-export-create-batches', []],
      ['en-export-do-work', []],
      ['en-cleanup-totals', []],
      ['en-cleanup-keys', []],
      ['en-cleanup-exports', []],
      ['en-trust-rotate-keys', []],
      ['en-trust-refresh-authority-keys', []],
    ]);
  });

  it.each([
    ['UTC is spelled otherwise', { timeZone: 'UTC' }],
    ['the time zone is left out', { timeZone: '' }],
    ['the schedule has more spaces', { schedule: ' */5 *  * * * ' }],
  ])('are right when %s', (_how, change) => {
    expect(wrong(change)).toEqual([]);
  });

  it('are missing when there are none, or others', () => {
    const other = { ...doWork, name: 'export-do-work' };
    const found = checkJobs(deployment, [other]).map(({ differences }) => differences[0]?.aspect);
    expect(found).toEqual(Array.from({ length: 7 }, () => 'existence'));
  });

  it.each([
    [{ state: 'PAUSED' as const }, 'state: PAUSED, not ENABLED'],
    [{ state: 'UNKNOWN' as const }, 'state: UNKNOWN, not ENABLED'],
    [{ schedule: '*/6 * * * *' }, 'schedule: */6 * * * *, not */5 * * * *'],
    [{ timeZone: 'Europe/Berlin' }, 'time zone: Europe/Berlin, not UTC'],
    [{ deadlineSeconds: 180 }, 'deadline: 180 s, not 300 s'],
    [{ retries: 0 }, 'retries: 0, not 3'],
    [{ target: undefined }, 'method: no HTTP request, not POST'],
    [{ target: { ...target('/create-batches'), method: 'GET' } }, 'method: GET, not POST'],
    [{ target: target('/do-work') }, `address: ${URL}/do-work, not ${URL}/create-batches`],
    [
      { target: { ...target('/create-batches'), token: undefined } },
      'token: none, not an OIDC token',
    ],
    [
      { target: { ...target('/create-batches'), token: { audience: `${URL}/`, account: 'a' } } },
      `audience: ${URL}/, not ${URL}`,
    ],
  ])('are wrong where one has %j', (change, difference) => {
    expect(wrong(change)).toEqual([difference]);
  });

  it('run as the account that is named, where one is', () => {
    expect(wrong({}, { account: 'jobs@health.example' })).toEqual([]);
    expect(wrong({}, { account: 'other@health.example' })[0]).toBe(
      'account: jobs@health.example, not other@health.example',
    );
  });

  it('name the account that one runs as, so that it can be kept', () => {
    const [checked] = checkJobs(deployment, [{ ...createBatches, retries: 0 }]);
    expect(checked?.job.account).toBe('jobs@health.example');
  });
});

it('needs the address of every service that has jobs', () => {
  expect(missingServices(deployment)).toEqual([]);
  const nowhere = { ...deployment, urls: new Map() };
  expect(missingServices(nowhere)).toEqual(['export', 'cleanup', 'trust']);
  expect(() => checkJobs(nowhere, [])).toThrow('the address of export is not known');
});

describe('the jobs of federation queries', () => {
  const PULL = 'https://pull.example';
  const urls = new Map([...deployment.urls, ['federation-pull', PULL] as const]);

  it('are needed once for each query', () => {
    const checked = checkJobs({ ...deployment, urls, queries: ['east', 'west'] }, []);
    const pulls = checked.map(({ job }) => [job.name, job.uri]).slice(7);
    expect(pulls).toEqual([
      ['en-federation-pull-pull-east', `${PULL}/?query-id=east`],
      ['en-federation-pull-pull-west', `${PULL}/?query-id=west`],
    ]);
  });

  it('need the address of the service only where there is a query', () => {
    expect(missingServices({ ...deployment, queries: [] })).toEqual([]);
    expect(missingServices({ ...deployment, queries: ['east'] })).toEqual(['federation-pull']);
  });
});

describe('jobs of federation queries that nobody has', () => {
  const pull = (id: string): JobState => ({ ...doWork, name: `en-federation-pull-pull-${id}` });
  const strays = (...queries: readonly string[]) =>
    jobsWithoutQuery({ prefix: 'en-', queries }, [...OTHERS, pull('east'), pull('west')]);

  it('are named, and those of other jobs, deployments and queries are not', () => {
    expect(strays('east')).toEqual(['en-federation-pull-pull-west']);
    expect(strays()).toEqual(['en-federation-pull-pull-east', 'en-federation-pull-pull-west']);
    expect(strays('east', 'west', 'north')).toEqual([]);
    expect(jobsWithoutQuery({ prefix: 'other-' }, [pull('east')])).toEqual([]);
  });
});

describe('the table of jobs', () => {
  const all = Object.entries(SCHEDULED_JOBS).flatMap(([service, jobs]) =>
    jobs.map((job) => ({ service, ...job })),
  );

  it('has a name and a route of its own for every job of a service', () => {
    expect(new Set(all.map(({ service, name }) => `${service} ${name}`)).size).toBe(all.length);
    expect(new Set(all.map(({ service, route }) => service + route)).size).toBe(all.length);
  });

  it('has only deadlines that Cloud Scheduler takes, 15 seconds to 30 minutes', () => {
    const seconds = all.map(({ deadlineSeconds }) => deadlineSeconds);
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(15);
    expect(Math.max(...seconds)).toBeLessThanOrEqual(1800);
  });

  it('has schedules of five fields only', () => {
    expect(all.filter(({ schedule }) => !/^[\d*/,-]+( [\d*/,-]+){4}$/.test(schedule))).toEqual([]);
  });
});
