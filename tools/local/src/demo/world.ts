import { applyConfiguration } from '@keyserver/operations';
import type { Random } from '@keyserver/random';
import { DAY, HOUR, type SimulatedClock, type UnixMillis, simulatedClock } from '@keyserver/time';
import { unixMillis } from '@keyserver/time';
import type { LauncherPlatform } from '../launcher-platform.ts';
import { type Authority, newAuthority } from './authority.ts';
import { SIGNING_KEYS, demoConfiguration } from './configuration.ts';
import { type Servers, startServers } from './servers.ts';
import { openSimulatedPlatform } from './wiring.ts';

/** What a round is played in. */
export interface WorldSettings {
  readonly dataDirectory: string;
  /** UTC midnight before the round. */
  readonly day: UnixMillis;
  readonly random: Random;
  /** A file set with any key has at least so many. */
  readonly minRecords: number;
}

/** A whole key server in a time of its own, two health authorities, and a log that is kept. */
export interface World extends Omit<Servers, 'close'> {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly minRecords: number;
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
  const { dataDirectory, random, minRecords } = settings;
  const clock = simulatedClock(unixMillis(settings.day + MORNING));
  const [trusted, untrusted] = [await newAuthority(1), await newAuthority(2)];
  const platform = await openSimulatedPlatform(dataDirectory, clock);
  const log: string[] = [];
  const write = (line: string): void => {
    log.push(line);
  };
  try {
    await configure(platform, { ...settings, trusted, untrusted });
    const servers = await startServers(platform, dataDirectory, { clock, random, write });
    const close = async (): Promise<void> => {
      await servers.close();
      await platform.close();
    };
    return { ...servers, clock, random, minRecords, trusted, untrusted, log, close };
  } catch (fault) {
    await platform.close();
    throw fault;
  }
}

async function configure(
  platform: LauncherPlatform,
  of: WorldSettings & Pick<World, 'trusted' | 'untrusted'>,
): Promise<void> {
  for (const name of SIGNING_KEYS) await platform.createSigningKey(name);
  const wanted = demoConfiguration({ ...of, from: unixMillis(of.day - DAY) });
  const { random } = of;
  const outcome = await applyConfiguration(platform.store, wanted, { actor: 'demo', random });
  if (outcome.kind !== 'applied') throw new Error('the configuration of the round is not applied');
}
