import { type Configuration, applyConfiguration, planChanges } from '@keyserver/configuration';
import type { ExportConfig } from '@keyserver/export-file';
import type { Partner } from '@keyserver/federation';
import { aSigningKey, anExport } from '@keyserver/export/testing';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import type { Random } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { between, happens } from './chance.ts';
import { type Atom, atomsOf, mostIsolated } from './differences.ts';
import { type PartnerReading, type ReadUnitKeys, readNewUnits } from './partner-reading.ts';
import { documentsOf, drawHabit, drawUpload } from './population.ts';
import { type SimulatedServer, openSimulatedServer } from './simulated-server.ts';
import { SIMULATED_WINDOW } from './simulate-files.ts';

const REGIONS = ['US', 'CA', 'MX'];
/** Not all of them divide one another, as those of exports that share keys must: some configurations are refused. */
const PERIODS = [2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY];
/** Keys in one file at most; the smaller ones lie below some floors, which is refused too. */
const FILES = [50, 1000, 1000, 1000];
const DAYS = 3;

/** An export as it was configured, and the midnight from which the operator was told that it holds; 0 when it held at once. */
interface Version {
  readonly from: number;
  readonly config: ExportConfig;
}

interface Run {
  readonly server: SimulatedServer;
  readonly random: Random;
  readonly versions: Version[];
  /** What each partner has read so far, by its id. */
  readonly readings: Map<string, PartnerReading>;
  /** Keys of another server, in hexadecimal. */
  readonly foreign: Set<string>;
  outageUntil: number;
  refused: number;
}

/** What came of a run. */
export interface Isolation {
  /** The part of all files that is most isolated; undefined when there were none. */
  readonly atom: Atom | undefined;
  /** How many configurations were applied, and how many refused. */
  readonly applied: number;
  readonly refused: number;
  /** How many units partners have read. */
  readonly pages: number;
}

/**
 * Lets a server with two to five exports that share keys, and up to two partners that read them, run for three days, with uploads,
 * keys of other servers, outages and changes of the configuration, all drawn at random.
 */
export async function isolateKeys(random: Random): Promise<Isolation> {
  const server = await openSimulatedServer(random);
  const run: Run = {
    ...{ server, random, versions: [], readings: new Map(), foreign: new Set() },
    ...{ outageUntil: 0, refused: 0 },
  };
  const { clock } = server.fixture;
  for (let n = between(2, 5, random); n > 0; n--)
    while (!(await configure(run, drawExport(n, random))));
  for (let n = between(0, 2, random); n > 0; n--)
    while (!(await configurePartner(run, drawPartner(n, random))));
  const end = clock.now() + DAYS * DAY;
  while (clock.now() < end) await liveAnHour(run);
  // Whatever was late is made up for, and the last keys that were held back are published.
  for (let n = 0; n < 12; n++) {
    clock.advance(6 * HOUR);
    await server.fixture.run();
    await readPages(run);
  }
  return {
    ...{ atom: await isolatedIn(run), applied: run.versions.length, refused: run.refused },
    pages: unitsOf(run).length,
  };
}

/**
 * What is most isolated by files and partners together. A partner who republishes what it got has nothing else in common with the files
 * here, so its files are unions of what it has read. Where only local keys are given, the keys of other servers in a file are known to
 * be those: they are neither counted nor padded, and make no part that is looked at with such units. What a unit gives is what its day
 * was planned with, whatever the partner was granted since.
 */
async function isolatedIn(run: Run): Promise<Atom | undefined> {
  const files = await readAll(run);
  const counted = (key: string): boolean => !run.foreign.has(key);
  const units = unitsOf(run);
  const whole = units.filter(({ isLocalOnly }) => !isLocalOnly);
  return mostIsolated([
    ...atomsOf([...files, ...whole], counted),
    ...atomsOf([...files, ...units], counted).filter(({ size }) => size > 0),
  ]);
}

const unitsOf = ({ readings }: Run): readonly ReadUnitKeys[] =>
  [...readings.values()].flatMap(({ units }) => units);

async function liveAnHour(run: Run): Promise<void> {
  const { server, random, versions } = run;
  const { fixture } = server;
  const { clock } = fixture;
  if (happens(0.4, random)) await publishSome(run);
  if (happens(0.1, random)) await takeFromElsewhere(run);
  if (happens(0.05, random))
    await configure(run, change(drawOf(inForce(versions), random), clock.now(), random));
  if (happens(0.04, random)) run.outageUntil = clock.now() + between(3, 30, random) * HOUR;
  clock.advance(HOUR);
  if (clock.now() >= run.outageUntil && happens(0.5, random)) await fixture.run();
  if (happens(0.05, random) && run.readings.size > 0)
    await configurePartner(run, drawPartner(between(1, run.readings.size, random), random));
  await readPages(run);
}

/** Each partner reads what has become available for it. */
async function readPages({ server, readings }: Run): Promise<void> {
  for (const reading of readings.values()) await readNewUnits(server.fixture.store, reading);
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

/** Applies a configuration with one export added or changed, as an operator does; whether it was not refused. */
async function configure(run: Run, config: ExportConfig): Promise<boolean> {
  const { versions } = run;
  const others = inForce(versions).filter(({ id }) => id !== config.id);
  const midnight = await apply(run, [...others, config], partnersOf(run));
  if (midnight === undefined) return false;
  versions.push({ from: midnight, config });
  return true;
}

/** The same for a partner that is added or granted something else. */
async function configurePartner(run: Run, partner: Partner): Promise<boolean> {
  const { versions, readings } = run;
  const others = partnersOf(run).filter(({ id }) => id !== partner.id);
  if ((await apply(run, inForce(versions), [...others, partner])) === undefined) return false;
  const { next = 0, units = [] } = readings.get(partner.id) ?? {};
  readings.set(partner.id, { partner, next, units });
  return true;
}

const partnersOf = ({ readings }: Run): readonly Partner[] =>
  [...readings.values()].map(({ partner }) => partner);

/** Applies a configuration; the midnight from which it holds, 0 for at once, and undefined when it is refused. */
async function apply(
  run: Run,
  exports: readonly ExportConfig[],
  partners: readonly Partner[],
): Promise<number | undefined> {
  const { store } = run.server.fixture;
  const { random } = run;
  const wanted = configurationOf(exports, partners);
  const plan = await planChanges(store, wanted);
  const outcome = await applyConfiguration(store, wanted, { actor: 'operator', random });
  if (plan.kind !== 'refused' && outcome.kind !== 'refused') return plan.midnight ?? 0;
  if (plan.kind !== outcome.kind) throw new Error('what was planned is not what was applied');
  run.refused += 1;
  return undefined;
}

const configurationOf = (
  exports: readonly ExportConfig[],
  partners: readonly Partner[],
): Configuration => ({
  ...{ authorities: [], apps: [], signingKeys: [aSigningKey('k1')], exports, partners },
  queries: [],
});

function drawPartner(n: number, random: Random): Partner {
  return {
    ...{ id: `partner${n}`, issuer: 'https://issuer.example', subject: String(n) },
    audience: 'https://us.example/federation',
    includeRegions: drawSome(random),
    excludeRegions: happens(0.3, random) ? ['XX'] : [],
    includeTravelers: happens(0.4, random),
    onlyLocalProvenance: happens(0.5, random),
    mode: 'padded',
    unit: drawOf(PERIODS, random),
    minRecords: between(20, 60, random),
    paddingRange: between(0, 10, random),
    ...{ maxPageKeys: 1000, callsPerMinute: 60, from: unixMillis(0), thru: undefined },
  };
}

/** The newest version of each export. */
const inForce = (versions: readonly Version[]): readonly ExportConfig[] => [
  ...new Map(versions.map(({ config }) => [config.id, config])).values(),
];

function drawExport(n: number, random: Random): ExportConfig {
  const includeTravelers = happens(0.4, random);
  const floor = between(20, 60, random);
  return anExport({
    ...{ id: `export${n}`, from: unixMillis(0), period: drawOf(PERIODS, random) },
    ...{ inputRegions: drawSome(random), includeTravelers, minRecords: floor },
    excludeRegions: happens(0.3, random) ? [drawOf(REGIONS, random)] : [],
    onlyNonTravelers: !includeTravelers && happens(0.3, random),
    ...{ paddingRange: between(0, 10, random), maxRecords: drawOf(FILES, random) },
  });
}

/** The same export with another filter, period or floor; or it ends, or goes on again. */
function change(config: ExportConfig, now: UnixMillis, random: Random): ExportConfig {
  const { inputRegions, excludeRegions, includeTravelers, onlyNonTravelers, period, minRecords } =
    drawExport(0, random);
  return drawOf(
    [
      { ...config, inputRegions, excludeRegions },
      { ...config, includeTravelers, onlyNonTravelers },
      { ...config, period },
      { ...config, minRecords },
      { ...config, thru: config.thru === undefined ? now : undefined },
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
  const all = await Promise.all(
    inForce(versions).map(async (config) =>
      (await server.readBatches(config)).map(({ start, keys }) => ({
        floor: floorOn(versions, config.id, start),
        keys: keys.map(({ data }) => keyHex(data)),
      })),
    ),
  );
  return all.flat();
}

/** The floor of an export on the day of a batch. */
function floorOn(versions: readonly Version[], id: string, start: UnixMillis): number {
  const holding = versions.filter(({ from, config }) => config.id === id && from <= start);
  const last = holding.at(-1);
  if (last === undefined) throw new Error(`export ${id} has a batch before it began`);
  return last.config.minRecords;
}
