import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Fault, drawFaults, effectOf } from './faults.ts';
import { type CalmSince, Outside } from './outside.ts';
import { type Crowd, newPerson, sendDue, sendForged } from './people.ts';
import { PARTS, type SimulatedServer } from './server.ts';
import { type World, jobsOf, openWorld } from './world.ts';

const START = unixMillis(Date.parse('2025-03-10T06:00:00Z'));

/** What a simulation came to. */
export interface Outcome {
  /** Sentences about what was not as it must be, each with the turn when it was seen; empty when all was. */
  readonly problems: readonly string[];
  readonly people: number;
  readonly faults: readonly Fault[];
}

/** Plays so many days of three servers; a seed gives the same people and faults again. */
export async function simulate(options: {
  readonly seed: string;
  readonly days: number;
  readonly mode: 'padded' | 'fresh';
  /** Faults instead of those that the seed draws. */
  readonly faults?: readonly Fault[];
  /** Changes what is known of people before the last look, to see that the look notices. */
  readonly spoil?: (crowd: Crowd) => void;
}): Promise<Outcome> {
  const random = seededRandom(options.seed);
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-days-'));
  const world = await openWorld({ directory, at: START, random, mode: options.mode });
  try {
    const turns = (options.days * DAY) / TURN;
    const faults = options.faults ?? drawFaults(world.servers.length, turns - REST, random);
    const play = new Play(world, faults);
    for (let turn = 1; turn <= turns; turn++) await play.turn(turn);
    options.spoil?.(play.crowd);
    await play.end();
    const { problems, crowd } = play;
    return { problems: [...problems, ...crowd.surprises], people: crowd.people.length, faults };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true });
  }
}

/** How far time goes from turn to turn. */
const TURN = 3 * HOUR;
/** Turns without faults at the end, in which everything must come right. */
const REST = 10;
const LOOK_EVERY = 4;

/** Services that say that something is wrong, when nothing is any more. */
async function unwell(server: SimulatedServer): Promise<readonly string[]> {
  const found: string[] = [];
  for (const part of PARTS) {
    const response = await fetch(`${server.urlOf(part) ?? ''}/health`);
    const health = await response.text();
    if (response.status !== 200) found.push(`${part} is not well at the end: ${health}`);
  }
  return found;
}

class Play {
  readonly problems: string[] = [];
  readonly crowd: Crowd = { people: [], refused: new Set(), surprises: [] };
  readonly #outside = new Outside(this.crowd);
  readonly #world: World;
  readonly #faults: readonly Fault[];
  readonly #calm = new Map<SimulatedServer, UnixMillis | undefined>();

  constructor(world: World, faults: readonly Fault[]) {
    this.#world = world;
    this.#faults = faults;
    for (const server of world.servers) this.#calm.set(server, START);
  }

  /** One turn: faults end and begin, people send what they have, jobs run, and now and then phones look at the files. */
  async turn(turn: number): Promise<void> {
    this.#world.advance(TURN);
    await this.#turnFaults(turn);
    for (const server of this.#world.servers) {
      if (server.random.below(2) === 0) this.crowd.people.push(newPerson(server));
      if (server.random.below(24) === 0) await sendForged(server, this.crowd);
      await sendDue(server, this.crowd);
    }
    for (const server of this.#world.servers) await this.#runJobs(server, turn);
    const isClockWrong = this.#at(turn).some(({ kind }) => kind === 'the clock is wrong');
    if (turn % LOOK_EVERY === 0 && !isClockWrong) await this.#look(turn); // its store tells nobody what it generated
  }

  /** At rest: every job once more changes nothing that phones see, all services are well, and no key was logged. */
  async end(): Promise<void> {
    const { servers } = this.#world;
    await this.#look(Infinity);
    const before = servers.map((server) => this.#outside.listedBy(server).join());
    for (const server of servers) await this.#runJobs(server, Infinity);
    await this.#look(Infinity);
    for (const [n, server] of servers.entries()) {
      const { country, log } = server;
      if (this.#outside.listedBy(server).join() !== before[n])
        this.problems.push(`${country.id}: jobs that had nothing to do changed the index`);
      for (const one of await unwell(server)) this.problems.push(`${country.id}: ${one}`);
      if (this.#outside.isKeyIn(log)) this.problems.push(`${country.id}: a key is in the log`);
    }
  }

  async #turnFaults(turn: number): Promise<void> {
    for (const fault of this.#faults) {
      const server = this.#world.servers[fault.server]!;
      const { begin, end, delays } = effectOf(fault);
      if (fault.until === turn) {
        await end?.(server);
        if (delays) this.#calm.set(server, server.clock.now());
      }
      if (fault.from === turn) {
        await begin?.(server);
        if (delays) this.#calm.set(server, undefined);
      }
    }
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

  async #look(turn: number): Promise<void> {
    const calmSince: CalmSince = (server) => this.#calm.get(server);
    const found = await this.#outside.look(this.#world.servers, calmSince);
    this.problems.push(...found.map((problem) => `turn ${turn}: ${problem}`));
  }
}
