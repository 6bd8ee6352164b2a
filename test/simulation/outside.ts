import { downloadSeries } from '@keyserver/demo';
import { REPORT_TYPE_CODE, unpackRecords } from '@keyserver/exposure-keys';
import { readKeyBatches } from '@keyserver/stores';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Crowd, type Person, endOf } from './people.ts';
import type { SimulatedServer } from './server.ts';
import { PERIOD } from './world.ts';

/** How long a key may take from its server, or its last interval, into a file of that server while nothing is wrong. */
const AT_HOME = PERIOD + 4 * HOUR;
/** The same for files of a partner: it fetches, waits after failures, and has files of its own. */
const ABROAD = AT_HOME + 12 * HOUR;
const RETENTION = 14 * DAY;
/** How long after a window its generated keys may come, as faults last: nothing older is read twice. */
const LATEST_SETTLING = 4 * DAY;
/** How long after retention a file may still be listed: cleanup comes every four hours, and each batch is a period long. */
const UNTIL_UNLISTED = PERIOD + 6 * HOUR;

/** What phones of a country have seen so far. */
interface Memory {
  readonly digests: Map<string, string>;
  listed: readonly string[];
  readonly unlisted: Set<string>;
}

/** Since when nothing is wrong with a server that could make keys late; undefined while something is. */
export type CalmSince = (server: SimulatedServer) => UnixMillis | undefined;

/** Looks at all servers as phones do, again and again, and tells what is not as it must be. */
export class Outside {
  readonly #crowd: Crowd;
  readonly #memories = new Map<SimulatedServer, Memory>();
  readonly #generated = new Set<string>();

  constructor(crowd: Crowd) {
    this.#crowd = crowd;
  }

  /** Downloads everything that each server lists now. */
  async look(
    servers: readonly SimulatedServer[],
    calmSince: CalmSince,
  ): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const server of servers) await this.#learnGenerated(server);
    for (const server of servers) {
      if (server.urlOf('cdn') === undefined) continue;
      const found = await this.#lookAt(server, servers, calmSince);
      problems.push(...found.map((problem) => `${server.country.id}: ${problem}`));
    }
    return problems;
  }

  /** What the index of a server listed when it was last looked at. */
  listedBy(server: SimulatedServer): readonly string[] {
    return this.#memories.get(server)?.listed ?? [];
  }

  /** Whether any key that was ever sent or generated can be read in lines of a log, in either spelling. */
  isKeyIn(log: readonly string[]): boolean {
    const keys = [
      ...this.#crowd.people.flatMap(({ keys: of }) => of.map(({ key }) => key)),
      ...this.#crowd.refused,
      ...this.#generated,
    ];
    const spelled = new Set(
      keys.flatMap((key) => [key, Buffer.from(key, 'base64').toString('hex')]),
    );
    const words = log.flatMap((line) => line.match(/[A-Za-z0-9+/]{22}==|[0-9a-f]{32}/g) ?? []);
    return words.some((word) => spelled.has(word));
  }

  /** Generated keys are told from keys that nobody uploaded by the stores of those who generate. */
  async #learnGenerated({ platform, clock }: SimulatedServer): Promise<void> {
    const now = clock.now();
    const span = { from: unixMillis(now - LATEST_SETTLING), until: unixMillis(now + 2 * DAY) };
    for await (const page of readKeyBatches(platform.store, { retention: RETENTION })(span)) {
      const generated = page.filter(({ origin }) => origin === 'padding');
      for (const { records } of generated)
        for (const { data } of unpackRecords(records)) this.#generated.add(base64(data));
    }
  }

  async #lookAt(
    server: SimulatedServer,
    servers: readonly SimulatedServer[],
    calmSince: CalmSince,
  ): Promise<readonly string[]> {
    const { clock, country } = server;
    const urls = { cdn: server.urlOf('cdn') ?? '' };
    const series = await downloadSeries({ clock, urls }, { id: 'v1', region: country.region });
    const places = new Map<string, string[]>();
    const revoked = new Map<string, string[]>();
    for (const { name, keys, revised } of series.archives) {
      for (const { data } of keys) add(places, base64(data), name);
      for (const [key, type] of revised)
        add(revoked, type === REPORT_TYPE_CODE.negative ? key : `${key} as ${type}`, name);
    }
    const now = clock.now();
    const memory = this.#memories.get(server) ?? {
      digests: new Map(),
      listed: [],
      unlisted: new Set(),
    };
    this.#memories.set(server, memory);
    return [
      ...series.faults,
      ...series.archives.flatMap(({ faults }) => faults),
      ...contentProblems(memory, series.archives),
      ...listProblems(
        memory,
        series.archives.map(({ name }) => name),
        now,
      ),
      ...this.#strangers(server, places, 'listed'),
      ...this.#strangers(server, revoked, 'taken back'),
      ...this.#people(server, { places, revoked, now }),
      ...this.#missing(server, servers, { places, revoked, now, calmSince }),
      ...expiredProblems(
        series.archives.map(({ name }) => name),
        now,
        calmSince(server),
      ),
    ];
  }

  /** Keys that this server may not have, or that nobody ever had. */
  #strangers(
    server: SimulatedServer,
    places: ReadonlyMap<string, unknown>,
    how: string,
  ): readonly string[] {
    const known = new Set(
      this.#crowd.people
        .filter((person) => mayBeAt(person, server))
        .flatMap(({ keys }) => keys.map(({ key }) => key)),
    );
    return [...places.keys()]
      .filter((key) => !known.has(key) && !this.#generated.has(key))
      .map((key) => `a key of nobody who may be here is ${how}: ${this.#nameOf(key)}`);
  }

  #nameOf(key: string): string {
    const person = this.#crowd.people.find(({ keys }) => keys.some((one) => one.key === key));
    if (person === undefined) return this.#crowd.refused.has(key) ? 'a forged one' : 'unknown';
    return `of ${person.home.id}${person.isTest ? ', a test' : ''}${person.traveler ? ', a traveler' : ''}`;
  }

  /** Keys that are listed twice, too early, or taken back though nobody asked for it. */
  #people(server: SimulatedServer, { places, revoked, now }: Listed): readonly string[] {
    return this.#crowd.people
      .filter((person) => mayBeAt(person, server))
      .flatMap((person) =>
        person.keys.flatMap((key) => {
          const [names, back] = [places.get(key.key) ?? [], revoked.get(key.key) ?? []];
          return [
            ...(names.length > 1 ? [`a key is listed in ${names.join(' and ')}`] : []),
            ...(back.length > 1 ? [`a key is taken back in ${back.join(' and ')}`] : []),
            ...(names.length + back.length > 0 && endOf(key) > now
              ? ['a key is listed that phones still use']
              : []),
            ...(back.length > 0 && (person.takesBackAt ?? Infinity) > now
              ? ['a key is taken back that nobody took back']
              : []),
          ];
        }),
      );
  }

  /** Keys that should be in a file by now. */
  #missing(
    server: SimulatedServer,
    servers: readonly SimulatedServer[],
    { places, revoked, now, calmSince }: Listed & { readonly calmSince: CalmSince },
  ): readonly string[] {
    return this.#crowd.people
      .filter((person) => mayBeAt(person, server))
      .flatMap((person) => {
        const home = servers.find(({ country }) => country === person.home) ?? server;
        const calm = [home, server].map((one) => calmSince(one) ?? Infinity);
        const patience = home === server ? AT_HOME : ABROAD;
        const isDue = (at: number | undefined, end: number): boolean => {
          const ready = Math.max(at ?? Infinity, end);
          return Math.max(ready, ...calm) + patience <= now && ready + RETENTION - DAY > now;
        };
        const who = `${person.home.id} stored at ${time(person.storedAt)}`;
        return person.keys.flatMap((key) => [
          ...(isDue(person.storedAt, endOf(key)) && !places.has(key.key)
            ? [`a key of ${who}, ended ${time(endOf(key))}, is in no file at ${time(now)}`]
            : []),
          ...(isDue(person.takenBackAt, endOf(key)) && !revoked.has(key.key)
            ? [
                `a key of ${who}, taken back at ${time(person.takenBackAt)}, is not taken back by any file`,
              ]
            : []),
        ]);
      });
  }
}

interface Listed {
  readonly places: ReadonlyMap<string, readonly string[]>;
  readonly revoked: ReadonlyMap<string, readonly string[]>;
  readonly now: UnixMillis;
}

/** A country has the keys of its people, and those of travelers that no test phone sent. */
const mayBeAt = ({ home, traveler, isTest }: Person, { country }: SimulatedServer): boolean =>
  home === country || (traveler && !isTest);

interface Archive {
  readonly name: string;
  readonly digest: string | undefined;
}

/** One name, one content, for ever. */
function contentProblems({ digests }: Memory, archives: readonly Archive[]): readonly string[] {
  return archives.flatMap(({ name, digest = '' }) => {
    const before = digests.get(name) ?? digest;
    digests.set(name, before);
    return before === digest ? [] : [`${name} has another content`];
  });
}

/** Who remembers the last line finds all that is new below it; what left the index was old, and never comes back. */
function listProblems(
  memory: Memory,
  listed: readonly string[],
  now: UnixMillis,
): readonly string[] {
  const gone = memory.listed.filter((name) => !listed.includes(name));
  const stays = memory.listed.filter((name) => listed.includes(name));
  const problems = [
    ...gone
      .filter((name) => startOf(name) > now - RETENTION)
      .map((name) => `${name} left the index before its time`),
    ...(stays.every((name, n) => listed[n] === name) ? [] : ['a line was put in above others']),
    ...listed.filter((name) => memory.unlisted.has(name)).map((name) => `${name} came back`),
    ...(new Set(listed).size < listed.length ? ['the index lists a file twice'] : []),
  ];
  for (const name of gone) memory.unlisted.add(name);
  memory.listed = listed;
  return problems;
}

const expiredProblems = (
  listed: readonly string[],
  now: UnixMillis,
  calmSince: UnixMillis | undefined,
): readonly string[] =>
  listed
    .filter(
      (name) => Math.max(startOf(name) + RETENTION, calmSince ?? Infinity) + UNTIL_UNLISTED <= now,
    )
    .map((name) => `${name} is past retention and still listed at ${time(now)}`);

/** When the first keys of an archive became known, which is in its name in seconds. */
const startOf = (name: string): number =>
  Number(/(\d+)-\d+-\d+\.zip$/.exec(name)?.[1] ?? NaN) * 1000;

function add(places: Map<string, string[]>, key: string, name: string): void {
  places.set(key, [...(places.get(key) ?? []), name]);
}

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
const time = (at: number | undefined): string =>
  at === undefined ? 'never' : new Date(at).toISOString().slice(0, 16);
