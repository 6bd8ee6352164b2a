import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import type { Clock } from '@keyserver/time';

/** Opens what a server on one machine keeps in its data directory; the caller closes it. */
export const openPlatform = async (
  dataDirectory: string,
  clock: Clock,
): Promise<Pick<LocalPlatform, 'store' | 'close'>> =>
  await openLocalPlatform({ dataDirectory, clock });
