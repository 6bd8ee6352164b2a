import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformName } from '@keyserver/demo';
import { seededRandom } from '@keyserver/random/testing';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import type { Evidence } from './evidence.ts';
import { type Fault, drawFaults } from './faults.ts';
import type { Problem } from './invariants.ts';
import { Play } from './play.ts';
import { openWorld } from './world.ts';

const START = unixMillis(Date.parse('2025-03-10T06:00:00Z'));
/** How long it is quiet at the end, in which everything must come right. */
const REST = 30 * HOUR;

/** What is simulated. */
export interface Settings {
  /** Gives the same people and faults again. */
  readonly seed: string;
  readonly platform: PlatformName;
  readonly days: number;
  /** How far time goes from turn to turn. */
  readonly turnHours: number;
  /** How long a file and a unit of a partner take; a day is a multiple of it. */
  readonly periodHours: number;
  readonly mode: 'padded' | 'fresh';
  /** Faults instead of those that the seed draws. */
  readonly faults?: readonly Fault[];
}

/** What a simulation came to. */
export interface Outcome {
  /** Sentences about what was not as it must be; empty when all was. */
  readonly problems: readonly Problem[];
  readonly evidence: Evidence;
  readonly faults: readonly Fault[];
  /** How often a service died between two uses of its store. */
  readonly deaths: number;
}

/** Plays so many days of a few servers. */
export async function simulate(settings: Settings): Promise<Outcome> {
  const random = seededRandom(settings.seed);
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-days-'));
  const world = await openWorld({ ...settings, directory, at: START, random });
  try {
    const turnMs = settings.turnHours * HOUR;
    const turns = Math.ceil((settings.days * DAY) / turnMs);
    const busy = turns - Math.ceil(REST / turnMs);
    const faults =
      settings.faults ??
      drawFaults(world.servers.length, { turns: busy, turnHours: settings.turnHours }, random);
    const play = new Play(world, faults, {
      turn: turnMs,
      period: settings.periodHours * HOUR,
    });
    for (let turn = 1; turn <= turns; turn++) await play.turn(turn);
    const evidence = await play.end();
    return { problems: play.judged(evidence), evidence, faults, deaths: play.deaths };
  } finally {
    await world.close();
    rmSync(directory, { recursive: true });
  }
}
