import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '@keyserver/export-file';
import { systemRandom } from '@keyserver/random';
import { systemTimers, unixMillis } from '@keyserver/time';
import {
  type Check,
  type PlatformName,
  type Round,
  type Simulation,
  holds,
  judgePublished,
  openSimulation,
  playRound,
} from '@keyserver/demo';

/** A round of a few phones that was played to its end, while its servers still run. */
export interface PlayedRound extends Round {
  readonly simulation: Simulation;
  /** What was told while it was played. */
  readonly told: readonly string[];
  /** Where its files lie. */
  readonly bucket: BlobStore;
  /** The checks that do not hold now, by what they check. */
  broken(): Promise<readonly Check[]>;
  close(): Promise<void>;
}

/** Plays a round below a directory that goes away with it. */
export async function playSmallRound(
  phones: number,
  platform: PlatformName = 'local',
): Promise<PlayedRound> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-round-'));
  const start = unixMillis(Date.parse('2024-05-20T20:00:00Z')); // few hours to wait for midnight
  const roundOptions = { platform, dataDirectory, start, random: systemRandom, minRecords: 100 };
  const simulation = await openSimulation({ ...roundOptions, timers: systemTimers });
  const told: string[] = [];
  const tell = (line: string): void => {
    told.push(line);
  };
  const round = await playRound(simulation, phones, { done: tell, update: tell });
  return {
    ...round,
    simulation,
    told,
    bucket: simulation.bucket,
    broken: async () => {
      const { now, always } = await judgePublished(simulation, round.ledger, round.series);
      return [...now, ...always].filter((check) => !holds(check));
    },
    close: async () => {
      await simulation.close();
      rmSync(dataDirectory, { recursive: true });
    },
  };
}

/** Puts other content into the place of an object, or takes the object away; the result puts things right again. */
export async function tamper(
  bucket: BlobStore,
  name: string,
  change: (content: Buffer) => Uint8Array | undefined,
): Promise<() => Promise<void>> {
  const found = await bucket.read(name);
  if (found === undefined) throw new Error(`${name} is missing`);
  const { content, info } = found;
  const replace = async (by: Uint8Array | undefined): Promise<void> => {
    const present = await bucket.find(name);
    if (by === undefined) await bucket.delete(name);
    else await put(by, present?.generation ?? 'absent');
  };
  const put = async (bytes: Uint8Array, expected: string): Promise<void> => {
    const outcome = await bucket.put(name, pieces(bytes), { headers: info, expected });
    if (outcome === 'conflict') throw new Error(`${name} was changed by somebody else`);
  };
  await replace(change(Buffer.from(content)));
  return async () => {
    await replace(content);
  };
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(bytes);
}
