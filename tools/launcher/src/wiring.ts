import { DataDirectoryFault, bucketsOf, openLocalPlatform } from '@keyserver/local';
import type { Random } from '@keyserver/random';
import type { Clock, Timers } from '@keyserver/time';
import type { LauncherPlatform } from './launcher-platform.ts';
import type { FindObject } from './start-cdn.ts';

/** Opens the platform of this machine for the launcher; `onLost` hears when its database is gone and does not come back. */
export const openPlatform = async (
  dataDirectory: string,
  options: {
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly onLost: (fault: Error) => void;
  },
): Promise<LauncherPlatform> => await openLocalPlatform({ dataDirectory, ...options });

/** The objects below a data directory, to be served. */
export const findObjects = (dataDirectory: string): FindObject =>
  bucketsOf(dataDirectory).openObject;

/** True for a fault whose message tells the operator what is wrong with the data directory. */
export const isUnusableDirectory = (fault: unknown): fault is Error =>
  fault instanceof DataDirectoryFault;
