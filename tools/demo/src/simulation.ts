import { applyConfiguration } from '@keyserver/configuration';
import type { BlobStore } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import {
  DAY,
  floorTo,
  type SimulatedClock,
  type Timers,
  type UnixMillis,
  simulatedClock,
  unixMillis,
} from '@keyserver/time';
import { type Authority, demoConfiguration, newAuthority } from './configuration.ts';
import { type Platform, type PlatformName, type Servers, startServers } from './servers.ts';
import { openPlatform } from './wiring.ts';

/** The settings of a simulation. */
interface SimulationSettings {
  readonly platform: PlatformName;
  readonly dataDirectory: string;
  /** When the round begins. */
  readonly start: UnixMillis;
  readonly timers: Timers;
  readonly random: Random;
  /** Keys that are in exactly the same files are padded to at least this many. */
  readonly minRecords: number;
}

/** A whole key server in simulated time, two health authorities, and everything that the services log. */
export interface Simulation extends Omit<Servers, 'close'> {
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

/** Starts a configured key server over an empty directory, in simulated time. */
export async function openSimulation(settings: SimulationSettings): Promise<Simulation> {
  const { dataDirectory, timers, random, minRecords } = settings;
  const clock = simulatedClock(settings.start);
  const [trusted, untrusted] = [await newAuthority(1), await newAuthority(2)];
  const platform = await openPlatform(settings.platform, { dataDirectory, clock, timers, random });
  const log: string[] = [];
  const write = (line: string): void => {
    log.push(line);
  };
  try {
    await configure(platform, { ...settings, trusted, untrusted });
    const servers = await startServers(platform, dataDirectory, { clock, timers, random, write });
    const close = async (): Promise<void> => {
      await servers.close();
      await platform.close();
    };
    const { bucket } = platform;
    return { ...servers, bucket, clock, random, minRecords, trusted, untrusted, log, close };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}

async function configure(
  platform: Platform,
  settings: SimulationSettings & Pick<Simulation, 'trusted' | 'untrusted'>,
): Promise<void> {
  const { signingKeys } = platform;
  const wanted = demoConfiguration({
    ...settings,
    signingKeys,
    from: unixMillis(floorTo(settings.start, DAY) - DAY),
  });
  const { random } = settings;
  const outcome = await applyConfiguration(platform.store, wanted, { actor: 'demo', random });
  if (outcome.kind !== 'applied') throw new Error('the configuration of the round is not applied');
}
