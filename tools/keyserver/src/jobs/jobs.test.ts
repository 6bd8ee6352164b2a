import {
  type Job,
  type SchedulerStandIn,
  startSchedulerStandIn,
} from '@keyserver/stand-ins/scheduler';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { NOW, type Ran, keyserver } from '../testing/run-cli.ts';

// The first command loads Google's client.
const PARENT = 'projects/health/locations/europe-west1';
const URL = 'https://export.example';
const CLEANUP = 'https://cleanup.example';
const TRUST = 'https://trust.example';
const ACCOUNT = 'jobs@health.example';

let cloud: SchedulerStandIn;
let firestore: FirestoreStandIn;
beforeAll(async () => {
  firestore = await startFirestoreStandIn({ now: () => NOW });
});
afterAll(async () => {
  await firestore.close();
});
beforeEach(async () => {
  cloud = await startSchedulerStandIn({ now: () => Date.parse('2024-05-20T11:59:00Z') });
});
afterEach(async () => {
  await cloud.close();
});

const jobs = async (...argv: readonly string[]): Promise<Ran> => {
  const place = ['--project', 'health', '--location', 'europe-west1'];
  // What changes jobs is written down.
  const isAudited = ['run', 'pause', 'resume'].includes(argv[0] ?? '');
  const audit = isAudited ? ['--store-endpoint', firestore.address] : [];
  return await keyserver(['jobs', ...argv, ...place, '--endpoint', cloud.address, ...audit]);
};
const check = async (...argv: readonly string[]): Promise<Ran> =>
  await jobs(
    'check',
    ...['--service-url', `export=${URL}`, '--service-url', `trust=${TRUST}`],
    ...['--service-url', `cleanup=${CLEANUP}`],
    ...argv,
  );

const aJob = (id: string, route: string, change: Partial<Job> = {}): Job => ({
  name: `${PARENT}/jobs/${id}`,
  schedule: '* * * * *',
  timeZone: 'Etc/UTC',
  httpTarget: {
    uri: `${URL}${route}`,
    httpMethod: 'POST',
    oidcToken: { serviceAccountEmail: ACCOUNT, audience: URL },
  },
  retryConfig: { retryCount: 3 },
  attemptDeadline: { seconds: 540 },
  ...change,
});
const doWork = (change: Partial<Job> = {}): Job =>
  aJob('keyserver-export-do-work', '/do-work', change);
const PULL = 'https://federation-pull.example';
const PULL_URL = ['--service-url', `federation-pull=${PULL}`];
const pullOf = (query: string): Job =>
  aJob(`keyserver-federation-pull-pull-${query}`, '', {
    schedule: '*/15 * * * *',
    retryConfig: { retryCount: 1 },
    httpTarget: {
      uri: `${PULL}/?query-id=${query}`,
      httpMethod: 'POST',
      oidcToken: { serviceAccountEmail: ACCOUNT, audience: PULL },
    },
  });

const createBatches = (change: Partial<Job> = {}): Job =>
  aJob('keyserver-export-create-batches', '/create-batches', {
    schedule: '*/5 * * * *',
    attemptDeadline: { seconds: 300 },
    ...change,
  });

const foldTotals = (change: Partial<Job> = {}): Job =>
  aJob('keyserver-cleanup-totals', '/totals', {
    schedule: '*/5 * * * *',
    httpTarget: {
      uri: `${CLEANUP}/totals`,
      httpMethod: 'POST',
      oidcToken: { serviceAccountEmail: ACCOUNT, audience: CLEANUP },
    },
    attemptDeadline: { seconds: 120 },
    ...change,
  });
const deletion = (name: 'keys' | 'exports'): Job =>
  aJob(`keyserver-cleanup-${name}`, `/${name}`, {
    schedule: '0 */4 * * *',
    httpTarget: {
      uri: `${CLEANUP}/${name}`,
      httpMethod: 'POST',
      oidcToken: { serviceAccountEmail: ACCOUNT, audience: CLEANUP },
    },
  });
const rotateKeys = (change: Partial<Job> = {}): Job =>
  aJob('keyserver-trust-rotate-keys', '/rotate-keys', {
    schedule: '0 */4 * * *',
    httpTarget: {
      uri: `${TRUST}/rotate-keys`,
      httpMethod: 'POST',
      oidcToken: { serviceAccountEmail: ACCOUNT, audience: TRUST },
    },
    attemptDeadline: { seconds: 120 },
    ...change,
  });
const refreshKeys = (): Job =>
  aJob('keyserver-trust-refresh-authority-keys', '/refresh-authority-keys', {
    schedule: '*/2 * * * *',
    httpTarget: {
      uri: `${TRUST}/refresh-authority-keys`,
      httpMethod: 'POST',
      oidcToken: { serviceAccountEmail: ACCOUNT, audience: TRUST },
    },
    attemptDeadline: { seconds: 110 },
    retryConfig: { retryCount: 1 },
  });

describe('jobs list', () => {
  it('shows the jobs whose ids begin with the prefix, and how they went last', async () => {
    cloud.add(
      doWork({ scheduleTime: { seconds: Date.parse('2024-05-20T12:01:00Z') / 1000, nanos: 0 } }),
    );
    cloud.add(aJob('another-program', '/'));
    const { code, out, err } = await jobs('list');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(/ {2,}/g, ' | ')).toBe(
      'JOB | STATE | SCHEDULE | NEXT RUN | LAST TRIED | OUTCOME | CALLS\n' +
        `export-do-work | ENABLED | * * * * * Etc/UTC | 2024-05-20T12:01:00Z | - | - | POST ${URL}/do-work\n`,
    );
  });

  it('prints JSON for machines', async () => {
    cloud.add(
      doWork({
        lastAttemptTime: { seconds: Date.parse('2024-05-20T11:00:00Z') / 1000, nanos: 0 },
        status: { code: 16 },
      }),
    );
    const { out } = await jobs('list', '--json');
    expect(JSON.parse(out)).toMatchObject([
      {
        name: 'export-do-work',
        target: { token: { audience: URL, account: ACCOUNT } },
        lastAttempt: { time: '2024-05-20T11:00:00Z', status: 'UNAUTHENTICATED' },
      },
    ]);
  });

  it('says so when there are none', async () => {
    expect(await jobs('list')).toMatchObject({ code: 0, out: 'There are no jobs.\n' });
  });

  it('shows every job when the prefix is empty', async () => {
    cloud.add(aJob('another-program', '/', { httpTarget: null, pubsubTarget: { topicName: 't' } }));
    expect((await jobs('list', '--prefix', '')).out).toContain('\nanother-program  ENABLED');
  });
});

describe('changing a job', () => {
  it('runs one', async () => {
    cloud.add(doWork({ httpTarget: { uri: 'http://127.0.0.1:1/do-work', httpMethod: 'POST' } }));
    const ran = await jobs('run', 'export-do-work');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^export-do-work is being run; /);
    await cloud.settled();
    expect((await jobs('list')).out).toContain('2024-05-20T11:59:00Z  UNAVAILABLE');
  });

  it('pauses and resumes one, and may do so twice', async () => {
    cloud.add(doWork());
    for (const [verb, outcome] of [
      ['pause', 'paused'],
      ['pause', 'paused'],
      ['resume', 'enabled'],
      ['resume', 'enabled'],
    ] as const)
      expect(await jobs(verb, 'export-do-work')).toMatchObject({
        code: 0,
        out: `export-do-work is ${outcome}.\n`,
      });
  });

  it('prints the job as JSON for machines', async () => {
    cloud.add(doWork());
    const { out } = await jobs('pause', 'export-do-work', '--json');
    expect(JSON.parse(out)).toMatchObject({ name: 'export-do-work', state: 'PAUSED' });
  });

  it.each(['run', 'pause', 'resume'])('cannot %s a job that does not exist', async (verb) => {
    cloud.add(aJob('other', '/'));
    expect(await jobs(verb, 'other')).toEqual({
      code: 2,
      out: '',
      err: 'keyserver: there is no job other; see keyserver jobs list --project=health --location=europe-west1\n',
      questions: [],
    });
  });
});

describe('what people do to jobs', () => {
  const STORE = ['--project', 'health', '--endpoint'];
  const audited = async (): Promise<readonly string[]> => {
    const { out } = await keyserver(['audit', 'show', ...STORE, firestore.address, '--json']);
    return (JSON.parse(out) as { actor: string; operation: string; changes: Change[] }[]).map(
      ({ actor, operation, changes }) =>
        [actor, operation, changes[0]?.id, changes[0]?.fields[0]?.after].join(' '),
    );
  };
  interface Change {
    readonly id: string;
    readonly fields: readonly { readonly after: string }[];
  }

  it('is written down with who did it, before it is done, and whether it failed', async () => {
    cloud.add(doWork());
    const before = (await audited()).length;
    await jobs('pause', 'export-do-work');
    await jobs('resume', 'absent');
    cloud.faults.fail({ method: 'RunJob', code: 'PERMISSION_DENIED' });
    expect(await jobs('run', 'export-do-work')).toMatchObject({ code: 2 });
    expect((await audited()).slice(before)).toEqual([
      'alex jobs.pause keyserver-export-do-work asked for',
      'alex jobs.resume keyserver-absent asked for',
      'alex jobs.resume keyserver-absent failed',
      'alex jobs.run keyserver-export-do-work asked for',
      'alex jobs.run keyserver-export-do-work failed',
    ]);
    const verified = await keyserver(['audit', 'verify', ...STORE, firestore.address]);
    expect(verified).toMatchObject({ code: 0 });
  });

  it('is not done when it cannot be written down', async () => {
    cloud.add(doWork());
    const ran = await keyserver([
      ...['jobs', 'pause', 'export-do-work', '--project', 'health', '--location', 'europe-west1'],
      ...['--endpoint', cloud.address],
    ]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('--store-endpoint go together');
    expect((await jobs('list')).out).toContain('ENABLED');
  });
});

/** The lines of the table, after which what is to be mended follows. */
const JOBS_AND_HEADING = 8;

/** The jobs of every deployment, as they must be. */
const allJobs = () => [
  ...[doWork(), createBatches(), foldTotals(), deletion('keys'), deletion('exports')],
  ...[rotateKeys(), refreshKeys()],
];

describe('jobs check', () => {
  it('finds nothing wrong with jobs that are as they must be', async () => {
    for (const job of allJobs()) cloud.add(job);
    const { code, out, err } = await check('--service-account', ACCOUNT);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      [
        'JOB                           VERDICT',
        'export-create-batches         ok',
        'export-do-work                ok',
        'cleanup-totals                ok',
        'cleanup-keys                  ok',
        'cleanup-exports               ok',
        'trust-rotate-keys             ok',
        'trust-refresh-authority-keys  ok',
        '',
      ].join('\n'),
    );
  });

  it('says how to create what is missing', async () => {
    const { code, out, err } = await check('--service-account', ACCOUNT);
    expect({ code, err }).toEqual({ code: 1, err: 'keyserver: 7 of 7 jobs must be mended\n' });
    expect(out).toContain(
      'export-do-work: existence: wanted a job, found none; mend it with: ' +
        'gcloud scheduler jobs create http keyserver-export-do-work --project=health --location=europe-west1 ' +
        `--uri=${URL}/do-work --http-method=POST --oidc-service-account-email=${ACCOUNT} ` +
        `--oidc-token-audience=${URL} --schedule='* * * * *' --time-zone=Etc/UTC ` +
        '--attempt-deadline=540s --max-retry-attempts=3\n',
    );
  });

  it.each<[Partial<Job>, string, string]>([
    [
      { state: 'PAUSED' },
      'state: wanted ENABLED, found PAUSED',
      'npx keyserver jobs resume export-do-work --project=health --location=europe-west1',
    ],
    [{ state: 'DISABLED' }, 'state: wanted ENABLED, found DISABLED', "--schedule='* * * * *'"],
    [{ schedule: '*/2 * * * *' }, 'schedule: wanted * * * * *, found */2 * * * *', '--schedule='],
    [{ timeZone: 'Asia/Tokyo' }, 'time zone: wanted UTC, found Asia/Tokyo', '--time-zone=Etc/UTC'],
    [{ retryConfig: null }, 'retries: wanted 3, found 0', '--max-retry-attempts=3'],
    [{ attemptDeadline: { seconds: 60 } }, 'deadline: wanted 540 s, found 60 s', '=540s'],
    [
      { httpTarget: { uri: `${URL}/do-work`, httpMethod: 'POST' } },
      'token: wanted an OIDC token, found none',
      `--oidc-service-account-email=ACCOUNT --oidc-token-audience=${URL}`,
    ],
    [
      {
        httpTarget: {
          uri: `${URL}/do-work`,
          httpMethod: 'POST',
          oidcToken: { serviceAccountEmail: ACCOUNT },
        },
      },
      `audience: wanted ${URL}, found ${URL}/do-work`,
      `--oidc-service-account-email=${ACCOUNT} --oidc-token-audience=${URL}`,
    ],
    [
      { httpTarget: null, pubsubTarget: { topicName: 't' } },
      'method: wanted POST, found no HTTP request',
      'gcloud scheduler jobs delete keyserver-export-do-work',
    ],
  ])('names what is wrong with %j and how to mend it', async (change, difference, mend) => {
    cloud.add(createBatches());
    cloud.add(foldTotals());
    cloud.add(deletion('keys'));
    cloud.add(deletion('exports'));
    cloud.add(rotateKeys());
    cloud.add(refreshKeys());
    cloud.add(doWork(change));
    const { code, out } = await check();
    expect(code).toBe(1);
    const lines = out.trimEnd().split('\n').slice(JOBS_AND_HEADING);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`export-do-work: ${difference}; mend it with: `);
    expect(lines[0]).toContain(mend);
  });

  it('finds nothing wrong with the jobs of queries that are as they must be', async () => {
    for (const job of allJobs()) cloud.add(job);
    for (const id of ['east', 'west']) cloud.add(pullOf(id));
    const queries = ['--query', 'east', '--query', 'west'];
    const { code, out, err } = await check(...queries, ...PULL_URL, '--service-account', ACCOUNT);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/federation-pull-pull-east +ok\nfederation-pull-pull-west +ok\n$/);
  });

  it('says how to create the job of a query that has none, with its id in the address and not in the audience', async () => {
    for (const job of allJobs()) cloud.add(job);
    cloud.add(pullOf('east'));
    const { code, out, err } = await check('--query', 'east', '--query', 'west', ...PULL_URL);
    expect({ code, err }).toEqual({ code: 1, err: 'keyserver: 1 of 9 jobs must be mended\n' });
    expect(out).toContain(
      'federation-pull-pull-west: existence: wanted a job, found none; mend it with: ' +
        'gcloud scheduler jobs create http keyserver-federation-pull-pull-west --project=health --location=europe-west1 ' +
        `--uri=${PULL}/?query-id=west --http-method=POST --oidc-service-account-email=ACCOUNT ` +
        `--oidc-token-audience=${PULL} --schedule='*/15 * * * *' --time-zone=Etc/UTC ` +
        '--attempt-deadline=540s --max-retry-attempts=1\n',
    );
  });

  it('tells the job of one query from that of another, whatever its name says', async () => {
    for (const job of allJobs()) cloud.add(job);
    cloud.add({ ...pullOf('west'), name: `${PARENT}/jobs/keyserver-federation-pull-pull-east` });
    const { code, out } = await check('--query', 'east', ...PULL_URL);
    expect(code).toBe(1);
    expect(out).toContain(`wanted ${PULL}/?query-id=east, found ${PULL}/?query-id=west; mend it`);
  });

  it.each([
    [['--query', 'east'], 'give --service-url federation-pull=URL too'],
    [['--query', 'No Query', ...PULL_URL], 'must be 1 to 40 of a-z, 0-9 and -'],
    [['--query', "a';touch x", ...PULL_URL], 'must be 1 to 40 of a-z, 0-9 and -'],
  ])('checks nothing with %j', async (argv, sentence) => {
    const { code, out, err } = await check(...argv);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(sentence) as string]);
  });

  it('puts nothing of a stranger into a line that is copied into a shell', async () => {
    const token = {
      serviceAccountEmail: 'a@b.example;touch /tmp/x #\u001B[2J',
      audience: 'https://a',
    };
    cloud.add(createBatches());
    cloud.add(foldTotals());
    cloud.add(deletion('keys'));
    cloud.add(deletion('exports'));
    cloud.add(rotateKeys());
    cloud.add(refreshKeys());
    cloud.add(
      doWork({ httpTarget: { uri: `${URL}/do-work`, httpMethod: 'POST', oidcToken: token } }),
    );
    const { out } = await check();
    expect(out).toContain(`--oidc-service-account-email=ACCOUNT --oidc-token-audience=${URL}\n`);
    expect(out).not.toContain('touch');
  });

  it('prints the differences as JSON for machines', async () => {
    cloud.add(createBatches());
    cloud.add(foldTotals());
    cloud.add(deletion('keys'));
    cloud.add(deletion('exports'));
    cloud.add(rotateKeys());
    cloud.add(refreshKeys());
    cloud.add(doWork({ retryConfig: { retryCount: 9 } }));
    const { code, out } = await check('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      jobs: [
        { name: 'export-create-batches', differences: [] },
        { name: 'export-do-work', differences: [{ aspect: 'retries', wanted: '3', found: '9' }] },
        { name: 'cleanup-totals', differences: [] },
        { name: 'cleanup-keys', differences: [] },
        { name: 'cleanup-exports', differences: [] },
        { name: 'trust-rotate-keys', differences: [] },
        { name: 'trust-refresh-authority-keys', differences: [] },
      ],
    });
  });

  it('names the prefix in what it advises when it is not the usual one', async () => {
    cloud.add(aJob('en-export-do-work', '/do-work', { state: 'PAUSED' }));
    const { out } = await check('--prefix', 'en-');
    expect(out).toContain(
      "jobs resume export-do-work --project=health --location=europe-west1 --prefix='en-'",
    );
  });

  it('needs the address of every service', async () => {
    const ran = await jobs('check', '--service-url', 'cleanup=https://cleanup.example');
    expect(ran).toMatchObject({ code: 2, err: 'keyserver: give --service-url export=URL too\n' });
  });
});

describe('a command about jobs ends in one sentence', () => {
  it.each([
    [['list', '--prefix', 'a b'], /letters, digits/],
    [['list', '--endpoint', '127.0.0.1'], /must be a host and a port/],
    [['list', '--endpoint', '127.0.0.1:0'], /must be a host and a port/],
    [['list', '--location', 'Europe West'], /must be a region/],
    [['list', '--project', '../other'], /must be the id of a project/],
    [['run', 'a/b'], /letters, digits/],
    [['check', '--service-url', 'https://export.example'], /must be SERVICE=URL/],
    [['check', '--service-url', 'publish=https://a.example'], /services with jobs are export, /],
    [['check', '--service-url', 'export=ftp://a.example'], /must be an http or https address/],
    [['check', '--service-url', `export=${URL}/path`], /without a path/],
    [['check', '--service-url', `export=${URL}`, '--service-account', 'me'], /e-mail/],
  ])('when it is told %j', async (argv, sentence) => {
    const ran = await keyserver([
      'jobs',
      ...argv,
      ...(argv.includes('--project') ? [] : ['--project', 'health']),
      ...(argv.includes('--location') ? [] : ['--location', 'europe-west1']),
    ]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });

  it('when the cloud refuses', async () => {
    cloud.faults.fail({ method: 'ListJobs', code: 'PERMISSION_DENIED' });
    const ran = await check();
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: cannot list the jobs: project health [^\n]*\n$/);
  });

  it('when nobody listens there', async () => {
    const { err } = await keyserver([
      ...['jobs', 'list', '--project', 'health', '--location', 'europe-west1'],
      ...['--endpoint', '127.0.0.1:1'],
    ]);
    expect(err).toMatch(/^keyserver: cannot list the jobs: Cloud Scheduler cannot be reached/);
  });
});
