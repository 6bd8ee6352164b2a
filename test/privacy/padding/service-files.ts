import type { ExportConfig } from '@keyserver/export-file';
import { anExport } from '@keyserver/export/testing';
import type { Random } from '@keyserver/random';
import { DAY, HOUR, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import type { FileSource } from './measure.ts';
import {
  APPS,
  type App,
  type PhoneUpload,
  drawHabit,
  drawTimeOfDay,
  drawUpload,
} from './population.ts';
import { hourlyPartner, readUnitPages } from './partner-pages.ts';
import { GENERATED, type LabelledFile, type SeenFile } from './seen-file.ts';
import { FLOOR, type Moment, RANGE, WINDOW_OF, drawPerson } from './simulate-files.ts';
import { type SimulatedServer, openSimulatedServer } from './simulated-server.ts';

/** What is simulated around servers. */
export interface ServiceOptions {
  /** Numbers of people whose files are wanted. */
  readonly sizes: readonly number[];
  /** People who publish elsewhere in the country each day: a server learns its habits from them. */
  readonly crowd: number;
  readonly random: Random;
  /** Who looks: everybody at the files of an export, unless it is a federation partner at the pages of its units. */
  readonly reader?: 'export' | 'partner';
}

/**
 * A town with an app and an export of its own, so that its files have its people alone. Every day so many of them leave
 * something in the window that is looked at.
 */
interface Town {
  readonly people: number;
  readonly app: App;
  readonly config: ExportConfig;
}

/** A server whose files of one moment are looked at, and who lives around it. */
interface World extends ServiceOptions {
  readonly server: SimulatedServer;
  readonly moment: Moment;
  readonly towns: readonly Town[];
}

/** Days on which the crowd publishes before anybody looks at a file: as many as the pool of shapes goes back. */
const DAYS_BEFORE = 14;

/**
 * Files of whole servers, one for each moment: people publish through the rules of the publish service, the jobs of the export
 * service cut batches, pad, write and list them, and files are found in the index and read as a stranger reads them. What a
 * server learns of earlier uploads it has sampled itself. Each simulated day gives one file of every size.
 */
export function serviceFiles(options: ServiceOptions): FileSource {
  const sources = new Map<Moment, Promise<(people: number) => Promise<LabelledFile>>>();
  return async (people, moment) => {
    const source = sources.get(moment) ?? filesOf(moment, options);
    sources.set(moment, source);
    return await (
      await source
    )(people);
  };
}

async function filesOf(
  moment: Moment,
  options: ServiceOptions,
): Promise<(people: number) => Promise<LabelledFile>> {
  const world = await openWorld(moment, options);
  const waiting = new Map<number, LabelledFile[]>(options.sizes.map((people) => [people, []]));
  return async (people) => {
    const files = waiting.get(people);
    if (files?.length === 0)
      for (const [town, file] of await liveADay(world)) waiting.get(town.people)?.push(file);
    const file = files?.shift();
    if (file === undefined) throw new Error(`no town has ${people} people`);
    return file;
  };
}

function townOf(people: number): Town {
  const id = `town${people}`;
  const app = { ...APPS[0]!, id, regions: [id.toUpperCase()] };
  const config = anExport({
    ...{ id, inputRegions: app.regions },
    ...{ minRecords: FLOOR, paddingRange: RANGE, maxRecords: 10 * FLOOR },
  });
  return { people, app, config };
}

/** A server at the start of a simulated day, which knows the habits of the country. */
async function openWorld(moment: Moment, options: ServiceOptions): Promise<World> {
  const towns = options.sizes.map(townOf);
  const server = await openSimulatedServer(options.random, [
    ...APPS,
    ...towns.map(({ app }) => app),
  ]);
  const { clock, configure, admit } = server.fixture;
  clock.set(unixMillis(floorTo(clock.now(), DAY) + DAY + DAWN));
  const world = { ...options, server, moment, towns };
  for (let n = 0; n < DAYS_BEFORE; n++) await liveADay({ ...world, towns: [] });
  const from = floorTo(clock.now(), DAY);
  if (options.reader === 'partner')
    await admit(...towns.map(({ app }) => hourlyPartner(app.regions[0] ?? '', from)));
  else await configure(...towns.map(({ config }) => ({ ...config, from })));
  return world;
}

/** When simulated days begin and end: as soon as the windows of held-back keys are closed. */
const DAWN = 3 * HOUR;

/** Lets everybody publish till the next dawn, in order of time, and gives the file of each town. */
async function liveADay(world: World): Promise<readonly (readonly [Town, LabelledFile])[]> {
  const { server, moment, towns } = world;
  const { clock } = server.fixture;
  const today = floorTo(clock.now(), DAY);
  // Keys that are held back leave after the next midnight.
  const midnight = moment === 'noon' ? today : unixMillis(today + DAY);
  const window = unixMillis(midnight + WINDOW_OF[moment]);
  const known = towns.map((town) => ({ town, uploads: townsPeople(world, town, midnight) }));
  const all = [...crowdOf(world, today), ...known.flatMap(({ uploads }) => uploads)];
  for (const upload of all.toSorted((a, b) => a.at - b.at)) {
    clock.set(upload.at);
    await server.publish(upload);
  }
  clock.set(unixMillis(today + DAY + DAWN));
  await work(world, window);
  return await Promise.all(
    known.map(
      async ({ town, uploads }) => [town, await fileOf(world, { town, window, uploads })] as const,
    ),
  );
}

const crowdOf = ({ crowd, random }: World, today: UnixMillis): readonly PhoneUpload[] =>
  Array.from({ length: crowd }, () => {
    const sinceDawn = (drawTimeOfDay(random) + DAY - DAWN) % DAY;
    return drawUpload(unixMillis(today + DAWN + sinceDawn), drawHabit(random), random);
  });

/**
 * Those of a town who leave something in the window, all with one report type and risk, as `simulateFile` has it. Who does so by
 * a key that was held back has published at noon: the time makes no difference to that key, and all other keys of the town
 * then lie in one window.
 */
function townsPeople(
  { moment, random }: World,
  { people, app }: Town,
  midnight: UnixMillis,
): readonly PhoneUpload[] {
  const { reportType, app: like } = drawHabit(random, { plain: true });
  const habit = { reportType, app: { ...app, risk: like.risk } };
  return Array.from({ length: people }, () => {
    const { upload } = drawPerson(moment, { midnight, habit, random });
    return upload.at < midnight ? atNoon(upload) : upload;
  });
}

const atNoon = (upload: PhoneUpload): PhoneUpload => ({
  ...upload,
  at: unixMillis(floorTo(upload.at, DAY) + 12 * HOUR),
});

/** Runs the jobs. Only the window that is looked at is read from the store: nothing in it depends on what lies in other ones. */
async function work({ server: { fixture } }: World, window: UnixMillis): Promise<void> {
  const { readKeyBatches } = fixture.deps;
  const { cut, work } = await fixture.run({
    readKeyBatches: (span) =>
      span.from <= window && window < span.until ? readKeyBatches(span) : nothing(),
  });
  for (const { kind } of [cut, work]) if (kind !== 'done') throw new Error(`a job has ${kind}`);
}

async function* nothing(): AsyncGenerator<never> {
  // No page at all.
}

/** What a town's reader finds for a window, and whose keys they are. */
async function fileOf(
  world: World,
  from: {
    readonly town: Town;
    readonly window: UnixMillis;
    readonly uploads: readonly PhoneUpload[];
  },
): Promise<LabelledFile> {
  const { town, window, uploads } = from;
  const found = await (world.reader === 'partner' ? readUnit : readIndex)(world, town, window);
  const owners = new Map(
    uploads.flatMap(({ keys }, owner) => keys.map(({ key }) => [key, owner] as const)),
  );
  const ownerOf = (data: Uint8Array): number =>
    owners.get(Buffer.from(data).toString('base64')) ?? GENERATED;
  return { ...found, owners: found.keys.map(({ data }) => ownerOf(data)) };
}

async function readIndex({ server }: World, town: Town, window: UnixMillis): Promise<SeenFile> {
  const batches = await server.readBatches(town.config, window);
  const found = batches.find(({ start }) => start === window);
  if (found === undefined) throw new Error('a file is missing');
  return found;
}

async function readUnit({ server }: World, town: Town, window: UnixMillis): Promise<SeenFile> {
  const partner = hourlyPartner(town.app.regions[0] ?? '', unixMillis(0));
  const keys = await readUnitPages(server.fixture.store, partner, window);
  return { day: Math.floor(window / DAY), keys };
}
