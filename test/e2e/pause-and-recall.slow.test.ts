import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyserver } from '@keyserver/cli/testing';
import {
  APPS,
  EXPORTS,
  type Simulation,
  certified,
  dayKey,
  downloadSeries,
  openSimulation,
  runJobs,
} from '@keyserver/demo';
import { systemRandom } from '@keyserver/random';
import { HOUR, SECOND, type Timers, systemTimers, unixMillis } from '@keyserver/time';

/*
 * A whole server of one machine, its services over HTTP, and an operator at the command line. The same steps are tested on
 * Google Cloud by recall.slow.test.ts, and over both stores by the tests beside the code.
 */
const start = unixMillis(Date.parse('2024-05-20T12:00:00Z'));
const REVOKED = 5;
const MOST_TRIES = 2000;

/** What a service does every ten seconds in the background it does often: nobody waits for real time to pass. */
const hasty: Timers = {
  ...systemTimers,
  after: (ms, then, options) =>
    systemTimers.after(ms === 10 * SECOND ? SECOND / 20 : ms, then, options),
};

type App = (typeof APPS)[keyof typeof APPS];

let dataDirectory = '';
let simulation: Simulation;

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-pause-'));
  const options = { platform: 'local', dataDirectory, start, random: systemRandom } as const;
  simulation = await openSimulation({ ...options, ...{ timers: hasty, minRecords: 100 } });
  await runJobs(simulation);
});
afterEach(async () => {
  await simulation.close();
  rmSync(dataDirectory, { recursive: true });
});

const cli = async (...argv: readonly string[]): Promise<string> => {
  const { code, out, err } = await keyserver(argv, { dataDirectory, clock: simulation.clock });
  if (code !== 0) throw new Error(err);
  return out;
};

const post = async (body: object, headers: Record<string, string> = {}): Promise<Response> =>
  await fetch(`${simulation.urls.publish}/v1/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

const uploadOf = (app: App, keys: readonly ReturnType<typeof dayKey>[]): object =>
  certified({ app, keys, reportType: 'confirmed', onset: undefined, traveler: false }, simulation);

/** Three keys of a phone, and what it is told when it publishes them. */
async function publish(
  app: App,
): Promise<{ keys: readonly string[]; send: () => Promise<Response> }> {
  const keys = [1, 2, 3].map((days) => dayKey(simulation, days));
  return await Promise.resolve({
    keys: keys.map(({ key }) => key),
    // A certificate is valid for an hour or so: whoever waits longer gets a new one.
    send: async () => await post(uploadOf(app, keys)),
  });
}

async function published(app: App): Promise<readonly string[]> {
  const { keys, send } = await publish(app);
  expect((await send()).status).toBe(200);
  return keys;
}

/** Asks with an upload whose certificate is no good until its app is answered so. */
async function untilAnswered(app: App, status: number): Promise<void> {
  const probe = { ...uploadOf(app, [dayKey(simulation, 1)]), verificationPayload: 'none' };
  for (let n = 0; n < MOST_TRIES; n++) if ((await post(probe)).status === status) return;
  throw new Error(`${app} is not answered ${String(status)}`);
}

async function hoursPass(hours: number): Promise<void> {
  for (let n = 0; n < hours; n++) {
    simulation.clock.advance(HOUR);
    await runJobs(simulation);
  }
}

/** What phones find in a series: each key as often as it is listed, and what became of those that were revised. */
async function downloaded(series: (typeof EXPORTS)[number]) {
  const { archives, faults } = await downloadSeries(simulation, series);
  expect([...faults, ...archives.flatMap((archive) => archive.faults)]).toEqual([]);
  const keys = archives.flatMap((archive) =>
    archive.keys.map(({ data }) => Buffer.from(data).toString('base64')),
  );
  const revised = new Map(archives.flatMap((archive) => [...archive.revised]));
  return { archives: archives.length, keys, revised };
}

it('keeps an app waiting and others not, and puts everything out once when it is resumed', async () => {
  const before = await published(APPS.neighbour);
  expect(await cli('pause', '--app', APPS.neighbour)).toContain('is paused');
  await untilAnswered(APPS.neighbour, 503);
  const refused = await publish(APPS.neighbour);
  const answer = await refused.send();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('300');
  expect(await answer.json()).toMatchObject({ code: 'internal_error' });
  const others = await published(APPS.home);
  expect((await post({}, { 'X-Chaff': '1' })).status).toBe(200);

  await hoursPass(4);
  expect((await downloaded(EXPORTS[0])).keys).toEqual(expect.arrayContaining([...others]));
  const waiting = await downloaded(EXPORTS[1]);
  expect(waiting.keys.filter((key) => before.includes(key))).toEqual([]);
  expect(await cli('pause')).toContain(APPS.neighbour);

  expect(await cli('resume', '--app', APPS.neighbour)).toContain('is resumed');
  await untilAnswered(APPS.neighbour, 401);
  expect((await refused.send()).status).toBe(200);
  await hoursPass(4);
  const all = await downloaded(EXPORTS[1]);
  for (const key of [...before, ...refused.keys])
    expect(all.keys.filter((one) => one === key)).toHaveLength(1);
  expect(new Set(all.keys).size).toBe(all.keys.length);
  expect(all.keys.filter((key) => others.includes(key))).toEqual([]);
});

it('takes an app’s keys back in the next files, and no other’s', async () => {
  const bad = [...(await published(APPS.home)), ...(await published(APPS.home))];
  const good = await published(APPS.neighbour);
  await hoursPass(4);
  const range = ['--from', '2024-05-20T00:00:00Z', '--app', APPS.home] as const;
  expect(await cli('keys', 'revoke', ...range)).toContain('Nothing was changed.');
  expect(await cli('keys', 'delete', ...range, '--yes')).toContain('Deleted 0 keys');
  expect(await cli('keys', 'revoke', ...range, '--yes')).toMatch(/^Took back 6 keys in 2 doc/mu);
  await hoursPass(3);
  const { revised, keys } = await downloaded(EXPORTS[0]);
  for (const key of bad) expect(revised.get(key)).toBe(REVOKED);
  expect(revised.size).toBeGreaterThan(2 * bad.length);
  expect([...revised.keys()].filter((key) => !keys.includes(key))).toEqual([]);
  const others = await downloaded(EXPORTS[1]);
  expect(good.filter((key) => others.revised.has(key))).toEqual([]);
  expect(await cli('keys', 'revoke', ...range, '--yes')).toContain('Took back 0 keys');
});
