import type { BlobStore } from '@keyserver/export-file';
import { applyConfiguration } from '@keyserver/configuration';
import type { Random } from '@keyserver/random';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  type Timers,
  type UnixMillis,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { type Authority, newAuthority } from './authority.ts';
import { demoConfiguration } from './configuration.ts';
import type { Ground, GroundName } from './ground.ts';
import { type Servers, startServers } from './servers.ts';
import { openGround } from './wiring.ts';

/** What a round is played in. */
export interface WorldSettings {
  readonly platform: GroundName;
  readonly dataDirectory: string;
  /** UTC midnight before the round. */
  readonly day: UnixMillis;
  readonly timers: Timers;
  readonly random: Random;
  /** A file set with any key has at least so many. */
  readonly minRecords: number;
}

/** A whole key server in a time of its own, two health authorities, and a log that is kept. */
export interface World extends Omit<Servers, 'close'> {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly minRecords: number;
  readonly bucket: BlobStore;
  /** The authority whose certificates count. */
  readonly trusted: Authority;
  /** An authority that is known, and that no application may use. */
  readonly untrusted: Authority;
  /** Every line that a service has logged. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

const MORNING = 8 * HOUR;

/** Opens a world on an empty directory, configured and running, at eight in the morning. */
export async function openWorld(settings: WorldSettings): Promise<World> {
  const { dataDirectory, timers, random, minRecords } = settings;
  const clock = simulatedClock(unixMillis(settings.day + MORNING));
  const [trusted, untrusted] = [await newAuthority(1), await newAuthority(2)];
  const ground = await openGround(settings.platform, { dataDirectory, clock, timers, random });
  const log: string[] = [];
  const write = (line: string): void => {
    log.push(line);
  };
  try {
    await configure(ground, { ...settings, trusted, untrusted });
    const servers = await startServers(ground, dataDirectory, { clock, timers, random, write });
    const close = async (): Promise<void> => {
      await servers.close();
      await ground.close();
    };
    const { bucket } = ground;
    return { ...servers, bucket, clock, random, minRecords, trusted, untrusted, log, close };
  } catch (fault) {
    await ground.close();
    throw fault;
  }
}

async function configure(
  ground: Ground,
  of: WorldSettings & Pick<World, 'trusted' | 'untrusted'>,
): Promise<void> {
  const { signingKeys } = ground;
  const wanted = demoConfiguration({ ...of, signingKeys, from: unixMillis(of.day - DAY) });
  const { random } = of;
  const outcome = await applyConfiguration(ground.store, wanted, { actor: 'demo', random });
  if (outcome.kind !== 'applied') throw new Error('the configuration of the round is not applied');
}
