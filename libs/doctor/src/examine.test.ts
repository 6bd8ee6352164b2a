import type { DocumentStore } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { HOUR, MINUTE, SECOND, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { type Check, failure, notApplicable, ok, sentenceOf, warning, worstOf } from './check.ts';
import {
  ALL_CHECKS,
  CHECK_GROUPS,
  type OpenPatient,
  type Patient,
  examine,
  gravityOf,
} from './index.ts';

const NOW = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOW);

const nothing = async (): Promise<never> => await Promise.reject(new Error('nobody is there'));

/** A server of which nothing can be seen but what is given. */
const aPatient = (seen: Partial<Patient> = {}): Patient => ({
  ...{ platform: 'local', clock, timers: systemTimers, random: seededRandom('doctor') },
  settings: {
    ...{ window: HOUR as Patient['settings']['window'], profile: 'production' },
    ...{ keyHashSecret: undefined, minWindowAge: 0, exportRetention: 0, exportLate: 0 },
    indexMaxAgeSeconds: 60,
    ...{ maxKeyAgeHours: 360, newDataKey: 0, federationLate: 0, checksADay: 6 },
    ...{ unfit: [], refused: [] },
  },
  open: nothing,
  network: { fetch: nothing, certificateOf: nothing },
  addresses: {
    ...{ services: new Map(), expected: ['publish'], files: undefined },
    ...{ jobKeys: undefined, partnerKeys: [] },
  },
  certificateFiles: nothing,
  ...{ machine: undefined, jobs: undefined, grants: undefined },
  ...seen,
});

const aCheck = (run: Check['run']): Check => ({
  ...{ id: 'a_check', about: 'About.', why: 'Why.', mend: 'Mend.' },
  run,
});

describe('an examination', () => {
  it('tells what each check has found, in their order', async () => {
    const [first, second] = [
      aCheck(async () => await Promise.resolve(ok('Well.'))),
      aCheck(async () => await Promise.resolve(failure('Ill.', 'Rest.'))),
    ];
    expect(await examine([first, second], aPatient())).toEqual([
      { check: first, status: 'ok', found: 'Well.' },
      { check: second, status: 'failure', found: 'Ill.', mend: 'Rest.' },
    ]);
  });

  it.each<readonly [string, Check['run']]>([
    ['rejects', nothing],
    [
      'throws',
      () => {
        throw new Error('nobody is there');
      },
    ],
  ])('cannot tell what a check would say that %s', async (_how, run) => {
    const [outcome] = await examine([aCheck(run)], aPatient());
    expect(outcome).toMatchObject({ status: 'could_not_tell', found: 'Nobody is there.' });
  });

  it('does not wait for a check for ever', async () => {
    const timers = manualTimers();
    const hanging = examine(
      [aCheck(async () => await new Promise(() => undefined))],
      aPatient({ timers }),
    );
    await timers.advance(30 * SECOND);
    expect(await hanging).toMatchObject([
      { status: 'could_not_tell', found: 'No answer within 30000 ms.' },
    ]);
  });

  it('says of nothing that it is well when nothing can be seen', async () => {
    const outcomes = await examine(ALL_CHECKS, aPatient());
    const well = outcomes.filter(({ status }) => status === 'ok').map(({ check }) => check.id);
    // What is asked of the environment alone.
    expect(well).toEqual(['settings_valid', 'profile', 'debug_settings']);
    expect(gravityOf(outcomes)).toBe('ill');
  });
});

describe('the checks', () => {
  it('are at least thirty, each with its own name', () => {
    const ids = ALL_CHECKS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(30);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][a-z_]+$/.test(id))).toEqual([]);
    expect(CHECK_GROUPS.flatMap(({ checks }) => checks)).toEqual(ALL_CHECKS);
  });

  it('say in sentences what they look at, why, and what to do', () => {
    const texts = ALL_CHECKS.flatMap(({ about, why, mend }) => [about, why, mend]);
    expect(texts.filter((text) => !/^([A-Z]|iOS).*[.?]$/.test(text))).toEqual([]);
  });
});

describe('the gravity of outcomes', () => {
  it.each([
    [['ok', 'not_applicable'], 'well'],
    [['ok', 'warning'], 'warned'],
    [['could_not_tell', 'ok'], 'warned'],
    [['warning', 'failure', 'ok'], 'ill'],
    [[], 'well'],
  ] as const)('of %j is %s', (statuses, gravity) => {
    expect(gravityOf(statuses.map((status) => ({ status })))).toBe(gravity);
  });

  it('is that of the worst of several, whose sentences are told', () => {
    const all = [ok('a'), warning('W.'), failure('F1.'), failure('F2.', 'Do.'), notApplicable('n')];
    expect(worstOf(all, ok('fine'))).toEqual({ status: 'failure', found: 'F1. F2.', mend: 'Do.' });
    expect(worstOf([ok('a'), notApplicable('n')], ok('fine'))).toEqual(ok('fine'));
    const many = Array.from({ length: 9 }, (_, n) => warning(`W${String(n)}.`));
    expect(worstOf(many, ok('fine')).found).toBe('W0. W1. W2. 6 more like these.');
  });
});

it.each([
  [new Error('the disk is gone'), 'The disk is gone.'],
  [new Error('/a/path is gone\n  at line 1'), '/a/path is gone.'],
  [new Error(''), 'Something unexpected went wrong.'],
  ['words', 'words.'],
])('makes a sentence of %p', (error, sentence) => {
  expect(sentenceOf(error)).toBe(sentence);
});

/** What one check says of a patient. */
async function saidBy(id: string, seen: Partial<Patient>) {
  const check = ALL_CHECKS.find((one) => one.id === id);
  const [outcome] = await examine(check === undefined ? [] : [check], aPatient(seen));
  return outcome;
}

describe('what is seen of a machine', () => {
  const machine = (over: Partial<NonNullable<Patient['machine']>>) => ({
    machine: { disk: nothing, exposedFiles: nothing, nodeVersion: '24.1.0', ...over },
  });

  it.each([
    ['24.21.0', 'ok'],
    ['26.0.0', 'ok'],
    ['22.14.0', 'failure'],
    ['9.0.0', 'failure'],
  ])('is Node.js %s, which is a case of %s', async (nodeVersion, status) => {
    expect(await saidBy('node_version', machine({ nodeVersion }))).toMatchObject({ status });
  });

  it.each([
    [500, false, 'ok', '500 MB of 1000 MB'],
    [49, false, 'warning', 'nearly full'],
    [10, true, 'failure', 'no room left'],
  ])('is a disk of which %d MB are free, full: %p', async (free, isFull, status, words) => {
    const disk = { bytes: 1e9, freeBytes: free * 1e6, isFull };
    const said = await saidBy(
      'disk_space',
      machine({ disk: async () => await Promise.resolve(disk) }),
    );
    expect(said).toMatchObject({ status, found: expect.stringContaining(words) as string });
  });

  it.each([
    [0, 'ok', 'agrees'],
    [10 * SECOND, 'warning', 'is 10 s behind'],
    [-10 * SECOND, 'warning', 'is 10 s ahead'],
    [31 * SECOND, 'failure', 'is 31 s behind'],
    [-MINUTE, 'failure', 'is 60 s ahead'],
  ])('is a clock from which store time is %d ms away', async (ms, status, words) => {
    const store = { now: async () => await Promise.resolve(unixMillis(NOW + ms)) } as DocumentStore;
    const open = async () => await Promise.resolve({ store } as OpenPatient);
    expect(await saidBy('clock_skew', { open })).toMatchObject({
      status,
      found: expect.stringContaining(words) as string,
    });
  });

  it('is not there on a cloud', async () => {
    for (const id of ['node_version', 'disk_space', 'key_files_private'])
      expect(await saidBy(id, { platform: 'gcp' })).toMatchObject({ status: 'not_applicable' });
  });
});
