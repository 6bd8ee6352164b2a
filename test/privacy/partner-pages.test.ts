import {
  THIS_MACHINE,
  anExport,
  aSigningKey,
  hour,
  openExportFixture,
} from '@keyserver/export/testing';
import type { ExportFixture } from '@keyserver/export/testing';
import { keyHex, packRecords, unpackRecords } from '@keyserver/exposure-keys';
import type { Partner } from '@keyserver/federation';
import { type ExposureKey, type FetchState, aPartner } from '@keyserver/federation/testing';
import {
  type FederationServer,
  type Started,
  federationServer,
} from '@keyserver/federation-serve/testing';
import { openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { HOUR, systemTimers, unixMillis } from '@keyserver/time';
import { type KeySet, atomsOf, mostIsolated } from './padding/differences.ts';

const FLOOR = 10;
let server: FederationServer;
let fixture: ExportFixture;
let started: Started;
let close: () => Promise<void>;

beforeEach(async () => {
  fixture = await openExportFixture({
    ...THIS_MACHINE,
    openStore: async (clock) => {
      server = await federationServer(clock);
      const dataDirectory = server.directory;
      const machine = { clock, timers: systemTimers, random: systemRandom };
      const platform = await openLocalPlatform({ ...machine, dataDirectory });
      close = async () => {
        await platform.close();
      };
      return platform.store;
    },
  });
  await fixture.declare(aSigningKey('k1'));
  await fixture.configure(anExport({ minRecords: FLOOR, paddingRange: 3 }));
  started = await server.start();
});
afterEach(async () => {
  await started.stop();
  await close();
  server.remove();
});

/** A padded partner of this server: of the US without TEST, in units of four hours, unless told otherwise. */
const padded = (change: Partial<Partner> = {}): Partner =>
  aPartner({
    ...{ mode: 'padded', minRecords: FLOOR, paddingRange: 3, excludeRegions: ['TEST'] },
    ...{ issuer: server.issuer, subject: change.id ?? 'neighbour' },
    ...change,
  });

type State = FetchState.$Properties | null | undefined;

/** All pages from a state on, of another size each. */
async function pagesOf({ id }: Partner, from?: State) {
  const token = await server.tokenFor({ subject: id });
  const keys: ExposureKey.$Properties[] = [];
  let state: State = from;
  for (let size = 1; ; size = (size * 7) % 31) {
    const outcome = await started.call({ maxExposureKeys: size, state: state ?? null }, { token });
    if (!('answer' in outcome)) throw new Error(outcome.details);
    keys.push(...outcome.answer.keys);
    state = outcome.answer.nextFetchState;
    if (outcome.answer.partialResponse !== true) return { keys, state };
  }
}

const setOf = (keys: readonly ExposureKey.$Properties[]): KeySet => ({
  floor: FLOOR,
  keys: keys.map(({ exposureKey }) => keyHex(exposureKey ?? new Uint8Array())),
});

/** The first key of an upload, as another server sends it for other regions. */
async function sentBack(regions: readonly string[], window = hour(13)): Promise<string> {
  const stored = fixture.deps.readKeyBatches({ from: window, until: unixMillis(window + HOUR) });
  for await (const page of stored) {
    const [one] = page.filter(({ origin, kind }) => origin === 'local' && kind === 'primary');
    if (one === undefined) continue;
    const records = packRecords(unpackRecords(one.records).slice(0, 1));
    await fixture.publish(1, {
      ...{ window, records, regions, origin: 'federated', sourceId: 'query' },
    });
    return keyHex(unpackRecords(records)[0]!.data);
  }
  throw new Error('nothing was uploaded');
}

const total = (sets: readonly KeySet[]): number =>
  sets.reduce((sum, { keys }) => sum + [...keys].length, 0);

it('with files and pages of other partners isolate no key below the floor, excluded copies or not', async () => {
  const [one, other] = [
    padded(),
    padded({ id: 'far', includeRegions: ['US', 'CA'], unit: 2 * HOUR }),
  ];
  await fixture.admit(one, other);
  for (let n = 12; n < 18; n++) {
    await fixture.publish(3, { window: hour(n) });
    if (n % 3 === 0) await fixture.publish(1, { window: hour(n), regions: ['CA'] });
    if (n % 5 === 0) await fixture.publish(2, { window: hour(n), regions: ['TEST', 'US'] });
    if (n % 4 === 0)
      await fixture.publish(2, { window: hour(n), regions: ['CA', 'US'], traveler: true });
  }
  const twice = await sentBack(['TEST']);
  fixture.clock.advance(7 * HOUR);
  await fixture.run();
  const pages = [await pagesOf(one), await pagesOf(other)].map(({ keys }) => setOf(keys));
  const files = { floor: FLOOR, keys: await fixture.download() };
  expect(
    [...pages.map(({ keys }) => keys), files.keys].every((keys) => [...keys].includes(twice)),
  ).toBe(true);
  expect(total(pages)).toBeGreaterThan(100);
  const most = mostIsolated(atomsOf([...pages, files], () => true));
  expect(most!.size).toBeGreaterThanOrEqual(FLOOR);
});

describe('a grant that is changed between two pages of a unit', () => {
  /** The first page of one key, and what is given after a change. */
  async function after(change: (partner: Partner) => Promise<unknown>, days = 0) {
    const partner = padded({ includeRegions: ['US', 'CA'] });
    await fixture.admit(partner);
    await fixture.publish(3, { window: hour(12) });
    await fixture.publish(3, { window: hour(12), regions: ['CA'] });
    fixture.clock.advance(5 * HOUR);
    await fixture.run();
    const token = await server.tokenFor({ subject: partner.id });
    const first = await started.call({ maxExposureKeys: 1 }, { token });
    if (!('answer' in first)) throw new Error(first.details);
    await change(partner);
    for (let n = 0; n < days * 6; n++) {
      fixture.clock.advance(4 * HOUR);
      await fixture.run();
    }
    const { nextFetchState: state } = first.answer;
    const given = await pagesOf(partner, state);
    const anew = await pagesOf(partner);
    return { given: given.keys.length, anew: anew.keys.length };
  }

  it('gives the rest while nothing is changed, and what was given anew', async () => {
    const { given, anew } = await after(() => Promise.resolve());
    expect(given).toBeGreaterThanOrEqual(2 * FLOOR - 1);
    expect(anew).toBe(given + 1);
  });

  it.each<[string, Partial<Partner>]>([
    ['fewer regions', { includeRegions: ['US'] }],
    ['another region', { includeRegions: ['US', 'MX'] }],
    ['one more exclusion', { excludeRegions: ['CA', 'TEST'] }],
  ])('gives nothing more of the unit with %s, nor of it anew', async (_, change) => {
    const narrow = async (partner: Partner) => {
      await fixture.admit({ ...partner, ...change });
    };
    expect(await after(narrow)).toEqual({ given: 0, anew: 0 });
  });

  it.each([0, 1])(
    'gives nothing of it when it is removed and added again (day %i)',
    async (days) => {
      const again = async (partner: Partner) => {
        await fixture.revoke(partner.id);
        await expect(pagesOf(partner)).rejects.toThrow('Invalid issuer/subject');
        const midnight = hour(24);
        await fixture.admit({ ...partner, from: midnight });
      };
      expect(await after(again, days)).toEqual({ given: 0, anew: 0 });
    },
  );
});
