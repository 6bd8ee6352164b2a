import type { Country } from '@keyserver/demo';
import { DAY, HOUR, type UnixMillis } from '@keyserver/time';
import { type Given, readFirstPage, takeAll } from './ask-as-partner.ts';
import { type Evidence, type ServerEvidence, judge } from './evidence.ts';
import { type Fault, effectOf } from './faults.ts';
import type { Problem } from './invariants.ts';
import { type Health, healthOf } from './judge-end.ts';
import { Lookout } from './lookout.ts';
import { newCrowd, newPerson, sendDue } from './people.ts';
import { sendWrong } from './send-wrong.ts';
import type { SimulatedServer } from './server.ts';
import { contentsOf } from './store-contents.ts';
import { type World, jobsOf } from './world.ts';

/** In each turn, and in each so much of a long one, somebody may learn of a test. */
const LONGEST_LULL = 12 * HOUR;
const LOOK_EVERY = 12 * HOUR;
/** Partners take their time: they wait after failures, and fetch once a turn at most. */
const ABROAD = { least: 12 * HOUR, turns: 3 };
/** When a partner reads the first page, to go on from there at the end. */
const FIRST_READING = DAY;

/** The course of a simulation, turn by turn. */
export class Play {
  readonly problems: Problem[] = [];
  readonly crowd = newCrowd();
  /** How often a service died. */
  deaths = 0;
  readonly #lookout = new Lookout();
  readonly #world: World;
  readonly #faults: readonly Fault[];
  readonly #turnMs: number;
  readonly #period: number;
  readonly #calm = new Map<Country, UnixMillis | undefined>();
  readonly #doubt = new Map<SimulatedServer, Health[]>();
  readonly #places = new Map<SimulatedServer, Awaited<ReturnType<typeof readFirstPage>>>();

  constructor(
    world: World,
    faults: readonly Fault[],
    { turn, period }: { readonly turn: number; readonly period: number },
  ) {
    this.#world = world;
    this.#faults = faults;
    this.#turnMs = turn;
    this.#period = period;
    for (const { country, trueClock } of world.servers) this.#calm.set(country, trueClock.now());
  }

  /** One turn: faults end and begin, people send what they have, jobs run, and now and then phones look at the files. */
  async turn(turn: number): Promise<void> {
    const { servers } = this.#world;
    this.#world.advance(this.#turnMs);
    await this.#turnFaults(turn);
    for (const server of servers) await this.#publish(server);
    for (const server of servers) await this.#runJobs(server, turn);
    for (const server of servers) this.deaths += await server.raise();
    const doubted = this.#at(turn).filter(({ kind }) => kind === 'the clock is wrong');
    for (const { server } of doubted) await this.#noteDoubt(servers[server]!);
    if (turn * this.#turnMs === FIRST_READING) await this.#readAsPartners();
    // The store of a server whose clock is wrong tells nobody what it generated.
    if (turn % Math.ceil(LOOK_EVERY / this.#turnMs) === 0 && doubted.length === 0)
      await this.#look();
  }

  /** Nothing has been wrong for a day: collects all that can be seen then. */
  async end(): Promise<Evidence> {
    const { servers } = this.#world;
    this.#lookout.lookAnew();
    const before = [];
    for (const server of servers) {
      await this.#lookout.learnGenerated(server);
      before.push(await this.#evidenceBefore(server));
    }
    for (const server of servers) await this.#runJobs(server, Infinity);
    const evidence: ServerEvidence[] = [];
    for (const [n, server] of servers.entries()) {
      const glimpse = await this.#lookout.glimpse(server);
      const again = (glimpse?.archives ?? []).map(({ name }) => name);
      evidence.push({ ...before[n]!, again, log: server.log });
    }
    return { servers: evidence, generated: this.#lookout.generated, ...this.#known() };
  }

  /** What was wrong on the way, and what is at the end. */
  judged(evidence: Evidence): readonly Problem[] {
    return [...this.problems, ...judge(evidence)];
  }

  async #evidenceBefore(server: SimulatedServer): Promise<Omit<ServerEvidence, 'again' | 'log'>> {
    const glimpse = await this.#lookout.glimpse(server);
    if (glimpse === undefined) throw new Error('no files are served at the end');
    return {
      ...{ server, glimpse, memory: this.#lookout.memoryOf(server) },
      leftBehind: await this.#lookout.leftBehind(server),
      health: await healthOf(server),
      doubt: this.#doubt.get(server) ?? [],
      contents: await contentsOf(server.platform.store),
      given: await this.#givenBy(server),
    };
  }

  /** A partner asks for everything, and one that had stopped after its first page goes on. */
  async #givenBy(server: SimulatedServer): Promise<readonly Given[]> {
    const by = this.#partnerOf(server);
    const all = await takeAll(server, by, undefined);
    const place = this.#places.get(server);
    return place === undefined ? [all] : [all, await takeAll(server, by, place)];
  }

  async #readAsPartners(): Promise<void> {
    for (const server of this.#world.servers)
      this.#places.set(server, await readFirstPage(server, this.#partnerOf(server)));
  }

  #partnerOf(server: SimulatedServer): SimulatedServer {
    return this.#world.servers.find((one) => one !== server)!;
  }

  async #publish(server: SimulatedServer): Promise<void> {
    for (let ms = 0; ms < this.#turnMs; ms += LONGEST_LULL)
      if (server.random.below(2) === 0) this.crowd.people.push(newPerson(server));
    if (server.random.below(12) === 0) await sendWrong(server, this.crowd);
    await sendDue(server, this.crowd);
  }

  async #turnFaults(turn: number): Promise<void> {
    for (const fault of this.#faults) {
      if (fault.until === turn) await this.#endFault(fault);
      if (fault.from === turn) await this.#beginFault(fault);
    }
    for (const fault of this.#at(turn)) effectOf(fault).each?.(this.#world.servers[fault.server]!);
  }

  async #beginFault(fault: Fault): Promise<void> {
    const server = this.#world.servers[fault.server]!;
    const { begin, delays } = effectOf(fault);
    const keysListedBy = (one: SimulatedServer): ReadonlySet<string> =>
      this.#lookout.memoryOf(one).keys;
    await begin?.(server, { crowd: this.crowd, keysListedBy });
    if (delays) this.#calm.set(server.country, undefined);
  }

  async #endFault(fault: Fault): Promise<void> {
    const server = this.#world.servers[fault.server]!;
    const { end, delays } = effectOf(fault);
    await end?.(server);
    if (delays) this.#calm.set(server.country, server.trueClock.now());
  }

  #at(turn: number): readonly Fault[] {
    return this.#faults.filter(({ from, until }) => from <= turn && turn < until);
  }

  async #runJobs(server: SimulatedServer, turn: number): Promise<void> {
    const now = this.#at(turn).filter(({ server: n }) => this.#world.servers[n] === server);
    if (now.some(({ kind }) => kind === 'the scheduler is away')) return;
    const twice = now.some(({ kind }) => kind === 'every job is started twice at once');
    for (const { part, route } of jobsOf(server, this.#world.servers))
      await Promise.all(
        Array.from({ length: twice ? 2 : 1 }, async () => await server.runJob(part, route)),
      );
  }

  async #noteDoubt(server: SimulatedServer): Promise<void> {
    const known = this.#doubt.get(server) ?? [];
    this.#doubt.set(server, [...known, ...(await healthOf(server))]);
  }

  async #look(): Promise<void> {
    this.problems.push(...(await this.#lookout.look(this.#world.servers, this.#known())));
  }

  #known(): Pick<Evidence, 'crowd' | 'period' | 'abroad' | 'calmSince'> {
    return {
      crowd: this.crowd,
      period: this.#period,
      abroad: 2 * this.#period + Math.max(ABROAD.least, ABROAD.turns * this.#turnMs),
      calmSince: (country) => this.#calm.get(country),
    };
  }
}
