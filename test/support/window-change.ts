import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyConfiguration } from '@keyserver/configuration';
import { changeWindow } from '@keyserver/operations';
import { systemRandom } from '@keyserver/random';
import {
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  type WindowLength,
  simulatedClock,
  unixMillis,
  windowLength,
  systemTimers,
} from '@keyserver/time';
import {
  APPS,
  EXPORTS,
  type Platform,
  type PlatformName,
  type Simulation,
  certified,
  dayKey,
  demoConfiguration,
  downloadSeries,
  newAuthority,
  openPlatform,
  runJobs,
  send,
  startServers,
} from '@keyserver/demo';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const NOON = unixMillis(Date.parse('2024-05-20T12:00:00Z'));
const MIDNIGHT = unixMillis(NOON - 12 * HOUR);
const MIN_RECORDS = 10;
const random = systemRandom;
const BY = { actor: 'alex', random };

/** A server whose windows change while phones upload. */
export interface WindowChangeCase {
  readonly platform: PlatformName;
  readonly profile: 'development' | 'production';
  readonly short: WindowLength;
  readonly long: WindowLength;
  /** Of the export before the change, ms. */
  readonly period: number;
  /** Long enough for a window to end, to close and to be exported, ms. */
  readonly untilExported: number;
}
// A period fits its windows, is no multiple of the later ones, and there are not dozens of batches before the change begins.
/** As on a development server: seconds. */
export const TRIED_OUT: WindowChangeCase = {
  platform: 'local',
  profile: 'development',
  ...{ short: windowLength(10 * SECOND)!, period: 20 * SECOND, long: windowLength(30 * SECOND)! },
  untilExported: 2 * MINUTE,
};
/** As in production, where a change waits for midnight. */
export const FOR_REAL: WindowChangeCase = {
  platform: 'gcp-stand-ins',
  profile: 'production',
  ...{ short: windowLength(HOUR)!, period: 3 * HOUR, long: windowLength(2 * HOUR)! },
  untilExported: 4 * HOUR,
};

/** Changes the windows of a server under way, with restarts, and looks for every key in the files. */
export function describeWindowChange(of: WindowChangeCase): void {
  describe(`a server on ${of.platform} in the profile ${of.profile}`, () => {
    const { platform: name, profile: own, short, long, untilExported } = of;
    const other = own === 'production' ? 'development' : 'production';
    let dataDirectory = '';
    let clock: SimulatedClock;
    let platform: Platform;
    let authorities: readonly [Simulation['trusted'], Simulation['untrusted']];
    let simulation: Simulation | undefined;
    const sent: string[] = [];

    beforeEach(async () => {
      dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-windows-'));
      clock = simulatedClock(NOON);
      platform = await openPlatform(name, { dataDirectory, clock, timers: systemTimers, random });
      authorities = [await newAuthority(1), await newAuthority(2)];
      sent.splice(0);
      await configure(of.period);
    });
    afterEach(async () => {
      await stop();
      await platform.close();
      rmSync(dataDirectory, { recursive: true });
    });

    async function configure(period: number): Promise<unknown> {
      const [trusted, untrusted] = authorities;
      const { signingKeys } = platform;
      const demo = demoConfiguration({
        ...{
          trusted,
          untrusted,
          signingKeys,
          from: unixMillis(NOON - HOUR),
          minRecords: MIN_RECORDS,
        },
      });
      const wanted = {
        ...demo,
        exports: demo.exports.map((one) => ({ ...one, from: MIDNIGHT, period })),
      };
      return await applyConfiguration(platform.store, wanted, BY);
    }

    async function start(window: WindowLength, profile: string = own): Promise<Simulation> {
      const log: string[] = [];
      const variables = {
        ...{ PROFILE: profile, TRUNCATE_WINDOW_SECONDS: String(window / SECOND) },
        ...{ MIN_WINDOW_AGE_SECONDS: '0', CONFIG_CACHE_SECONDS: '0' },
      };
      const told = { ...platform, env: { ...platform.env, ...variables } };
      const write = (line: string): void => {
        log.push(line);
      };
      const servers = await startServers(told, dataDirectory, {
        clock,
        timers: systemTimers,
        random,
        write,
      });
      const [trusted, untrusted] = authorities;
      const { bucket } = platform;
      const of = { clock, random, minRecords: MIN_RECORDS, bucket, trusted, untrusted, log };
      simulation = { ...servers, ...of };
      return simulation;
    }

    async function stop(): Promise<void> {
      await simulation?.close();
      simulation = undefined;
    }

    async function upload(to: Simulation): Promise<void> {
      const key = dayKey(to, 1);
      const of = { reportType: 'confirmed', onset: undefined, traveler: false } as const;
      const body = JSON.stringify(certified({ app: APPS.home, keys: [key], ...of }, to));
      expect(await send(to, body)).toMatchObject({ status: 200, inserted: 1 });
      sent.push(key.key);
    }

    /** In which files a phone finds each key that was sent. */
    async function filesOfKeys(from: Simulation): Promise<readonly number[]> {
      for (let run = 0; run < 4; run++) await runJobs(from);
      const { archives, faults } = await downloadSeries(from, EXPORTS[0]);
      expect([...faults, ...archives.flatMap((archive) => archive.faults)]).toEqual([]);
      const found = archives.flatMap(({ keys }) =>
        keys.map(({ data }) => Buffer.from(data).toString('base64')),
      );
      return sent.map((key) => found.filter((one) => one === key).length);
    }

    it('loses no key to a restart with another window, and doubles none when the windows are changed', async () => {
      const first = await start(short);
      // As at every first start: jobs make the first data key, without which no upload is taken.
      await runJobs(first);
      await upload(first);
      clock.advance(untilExported + 34 * SECOND);
      expect(await filesOfKeys(first)).toEqual([1]);
      await stop();

      await expect(start(long)).rejects.toThrow(
        new RegExp(
          `^TRUNCATE_WINDOW_SECONDS is ${long / SECOND}, but the data in .* are written with \\d+: set it to \\d+, or change the window with \`npx keyserver store set-window ${long / SECOND}\`$`,
        ),
      );
      await expect(start(short, other)).rejects.toThrow(`set PROFILE=${own}`);

      const second = await start(short);
      await upload(second);
      expect(await changeWindow(platform.store, long, BY)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining(`is no multiple of ${long / SECOND} s`) as string,
      });
      expect(await configure(long)).toMatchObject({ kind: 'applied' });
      const plan = await changeWindow(platform.store, long, BY);
      if (plan.kind !== 'planned') throw new Error(`not planned: ${plan.kind}`);
      await upload(second);
      await runJobs(second);
      clock.set(unixMillis(plan.change.from - 1));
      await upload(second);
      clock.set(plan.change.from);
      await upload(second);
      clock.advance(94 * SECOND);
      await runJobs(second);
      await upload(second);
      await stop();

      await expect(start(short)).rejects.toThrow(`are written with ${long / SECOND}`);
      const third = await start(long);
      await upload(third);
      clock.advance(untilExported);
      expect(await filesOfKeys(third)).toEqual(sent.map(() => 1));
      expect(sent).toHaveLength(7);
    });
  });
}
