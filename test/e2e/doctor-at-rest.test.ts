import { ALL_CHECKS, type OpenPatient, type Patient, examine } from '@keyserver/doctor';
import type { ExportFixture } from '@keyserver/export/testing';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import type { LifecycleGoal } from '@keyserver/stores';
import { DAY, HOUR, MINUTE, windowLength } from '@keyserver/time';
import { machine } from '../support/machine.ts';
import { dueToEmpty, emptying, opened } from '../support/server-end.ts';

afterEach(closeTestStores);

const nobody = async (): Promise<never> => await Promise.reject(new Error('nobody is there'));

/** What only a server that works has to do. */
const WORK = new Set([
  ...['export_backlog', 'statistics_folded', 'federation_lag', 'partner_units'],
  ...['jobs_scheduled', 'jobs_succeed', 'token_key_rotation'],
]);

/** What the doctor says of that work, on a platform whose jobs are paused; the text of each finding is for people. */
async function saidOf({ store, clock, deps }: ExportFixture): Promise<ReadonlyMap<string, string>> {
  const parts = { openBucket: deps.openBucket, checkBucket: nobody, signers: nobody };
  const open: OpenPatient = {
    ...{ place: 'memory', store, missingCommits: 0, ...parts },
    ...{ parts: nobody, wrapper: nobody },
  };
  const patient: Patient = {
    ...{ platform: 'gcp', ...machine, clock },
    settings: {
      ...{ window: windowLength(HOUR)!, profile: 'production' },
      ...{ keyHashSecret: undefined, minWindowAge: 0, exportRetention: 14 * DAY },
      ...{ exportLate: 30 * MINUTE, indexMaxAgeSeconds: 60, maxKeyAgeHours: 360 },
      ...{ newDataKey: DAY, federationLate: HOUR, checksADay: 6, unfit: [], refused: [] },
    },
    open: async () => await Promise.resolve(open),
    network: { fetch: nobody, certificateOf: nobody },
    addresses: {
      ...{ services: new Map(), expected: [], files: undefined },
      ...{ jobKeys: undefined, partnerKeys: [] },
    },
    certificateFiles: nobody,
    ...{ machine: undefined, grants: undefined },
    jobs: { list: nobody, prefix: 'keyserver-', urls: new Map(), command: 'keyserver jobs check' },
  };
  const found = await examine(
    ALL_CHECKS.filter(({ id }) => WORK.has(id) || id === 'configuration_valid'),
    patient,
  );
  return new Map(found.map(({ check, status }) => [check.id, status]));
}

async function atRest(goal: LifecycleGoal): Promise<ExportFixture> {
  const fixture = await dueToEmpty(goal);
  const signer = memorySigner();
  const findSigner = async () => await Promise.resolve(signer);
  const empty = emptying(fixture, { key: 'audit', findSigner });
  for (let n = 0; (await empty()).kind !== 'done'; n++) {
    if (n > 3) throw new Error('it never came to its end');
    fixture.clock.advance(2 * DAY);
  }
  fixture.clock.advance(200 * DAY);
  return fixture;
}

it.each(['hibernate', 'decommission'] as const)(
  'asks for no work on a server at rest after %s',
  async (goal) => {
    const said = await saidOf(await atRest(goal));
    expect([...WORK].map((id) => [id, said.get(id)])).toEqual(
      [...WORK].map((id) => [id, 'not_applicable']),
    );
    expect(said.get('configuration_valid')).toBe(
      goal === 'hibernate' ? 'failure' : 'not_applicable',
    );
  },
);

it('asks for it on one that is open', async () => {
  const fixture = await opened();
  fixture.clock.advance(5 * HOUR);
  const said = await saidOf(fixture);
  expect(said.get('export_backlog')).toBe('failure');
  expect(said.get('token_key_rotation')).toBe('failure');
  expect(said.get('jobs_scheduled')).toBe('could_not_tell');
  expect(said.get('jobs_succeed')).toBe('could_not_tell');
});
