import type { ExportConfig } from '@keyserver/export-file';
import { anExport } from '@keyserver/export/testing';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { between, happens } from './chance.ts';
import { type Atom, atomsOf, mostIsolated } from './differences.ts';
import { documentsOf, drawHabit, drawUpload } from './population.ts';
import { type SimulatedServer, openSimulatedServer } from './simulated-server.ts';
import { SIMULATED_WINDOW } from './simulate-files.ts';

const REGIONS = ['US', 'CA', 'MX'];
/** They divide one another and the day, as exports that share keys must. */
const PERIODS = [2 * HOUR, 4 * HOUR, 12 * HOUR, DAY];
const DAYS = 3;

interface Run {
  readonly server: SimulatedServer;
  readonly random: Random;
  /** Each export as it was configured, from when on. */
  readonly versions: { readonly at: UnixMillis; readonly config: ExportConfig }[];
  /** Keys of another server, in hexadecimal. */
  readonly foreign: Set<string>;
  outageUntil: number;
}

/**
 * Lets a server with two to five exports that share keys run for three days, with uploads, keys of other servers, outages and
 * changes of the configuration, all drawn at random. Gives the part of all files that is most isolated.
 */
export async function isolateKeys(random: Random): Promise<Atom | undefined> {
  const server = await openSimulatedServer(random);
  const run: Run = { server, random, versions: [], foreign: new Set(), outageUntil: 0 };
  const { clock } = server.fixture;
  for (let n = between(2, 5, random); n > 0; n--) await configure(run, drawExport(n, random));
  const end = clock.now() + DAYS * DAY;
  while (clock.now() < end) await liveAnHour(run);
  // Whatever was late is made up for, and the last keys that were held back are published.
  for (let n = 0; n < 12; n++) {
    clock.advance(6 * HOUR);
    await server.fixture.run();
  }
  return mostIsolated(atomsOf(await readAll(run), (key) => !run.foreign.has(key)));
}

async function liveAnHour(run: Run): Promise<void> {
  const { server, random, versions } = run;
  const { fixture } = server;
  const { clock } = fixture;
  if (happens(0.4, random)) await publishSome(run);
  if (happens(0.1, random)) await takeFromElsewhere(run);
  if (happens(0.05, random)) {
    const { config } = versions[random.below(versions.length)]!;
    await configure(run, change(config, random));
  }
  if (happens(0.04, random)) run.outageUntil = clock.now() + between(3, 30, random) * HOUR;
  clock.advance(HOUR);
  if (clock.now() >= run.outageUntil && happens(0.5, random)) await fixture.run();
}

async function publishSome({ server, random }: Run): Promise<void> {
  for (let people = between(1, 4, random); people > 0; people--)
    await server.publish(drawUpload(server.fixture.clock.now(), drawHabit(random), random));
}

/** Stores what a person somewhere else published, as a partner's keys are stored. */
async function takeFromElsewhere({ server, random, foreign }: Run): Promise<void> {
  const { fixture } = server;
  const window = floorTo(fixture.clock.now(), SIMULATED_WINDOW);
  const [document] = documentsOf(drawUpload(fixture.clock.now(), drawHabit(random), random), [
    { from: unixMillis(0), length: SIMULATED_WINDOW },
  ]);
  if (document === undefined) return;
  const { regions, traveler, records } = document;
  for (const { data } of unpackRecords(records)) foreign.add(keyHex(data));
  await fixture.publish(0, {
    window,
    regions,
    traveler,
    records,
    origin: 'federated',
    sourceId: 'elsewhere',
  });
}

async function configure({ server, versions }: Run, config: ExportConfig): Promise<void> {
  await server.fixture.configure(config);
  versions.push({ at: server.fixture.clock.now(), config });
}

function drawExport(n: number, random: Random): ExportConfig {
  const includeTravelers = happens(0.4, random);
  const floor = between(20, 60, random);
  return anExport({
    ...{ id: `export${n}`, from: unixMillis(0), period: drawOf(PERIODS, random) },
    ...{ inputRegions: drawSome(random), includeTravelers, minRecords: floor },
    excludeRegions: happens(0.3, random) ? [drawOf(REGIONS, random)] : [],
    onlyNonTravelers: !includeTravelers && happens(0.3, random),
    paddingRange: between(0, 10, random),
  });
}

/** The same export with another filter, period or floor. */
function change(config: ExportConfig, random: Random): ExportConfig {
  const { inputRegions, excludeRegions, includeTravelers, onlyNonTravelers, period, minRecords } =
    drawExport(0, random);
  return drawOf(
    [
      { ...config, inputRegions, excludeRegions },
      { ...config, includeTravelers, onlyNonTravelers },
      { ...config, period },
      { ...config, minRecords },
    ],
    random,
  );
}

const drawOf = <T>(values: readonly T[], random: Random): T => values[random.below(values.length)]!;

const drawSome = (random: Random): readonly string[] => {
  const some = REGIONS.filter(() => happens(0.6, random));
  return some.length > 0 ? some : ['US'];
};

async function readAll({ server, versions }: Run): Promise<Parameters<typeof atomsOf>[0]> {
  const exports = new Map(versions.map(({ config }) => [config.id, config]));
  const all = await Promise.all(
    [...exports.values()].map(async (config) =>
      (await server.readBatches(config)).map(({ start, keys }) => ({
        floor: floorOn(versions, config.id, start),
        keys: keys.map(({ data }) => keyHex(data)),
      })),
    ),
  );
  return all.flat();
}

/** The floor of an export on the day of a batch: changes hold from the midnight after them on. */
function floorOn(versions: Run['versions'], id: string, start: UnixMillis): number {
  const own = versions.filter(({ config }) => config.id === id);
  const midnight = floorTo(start, DAY);
  const last = own.findLast(({ at }) => at < midnight) ?? own[0];
  return last?.config.minRecords ?? 0;
}
