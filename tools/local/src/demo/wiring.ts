import { openLocalPlatform } from '@keyserver/local';
import type { SimulatedClock } from '@keyserver/time';
import type { LauncherPlatform } from '../launcher-platform.ts';

/** Opens the platform of one machine in a time of its own. */
export const openSimulatedPlatform = async (
  dataDirectory: string,
  clock: SimulatedClock,
): Promise<LauncherPlatform> => await openLocalPlatform({ dataDirectory, clock });
