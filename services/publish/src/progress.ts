import type { ReadProgress } from '@keyserver/service';
import { type Clock, unixMillis } from '@keyserver/time';
import type { KeptPauses } from './upload-pauses.ts';

/** Tells when this process last read what is paused: while it cannot, it takes uploads by what it knew before. */
export const publishProgress =
  ({ age }: Pick<KeptPauses, 'age'>, clock: Clock): ReadProgress =>
  async (tell) => {
    await Promise.resolve();
    const readAt = unixMillis(Math.max(0, clock.now() - age()));
    tell('keyserver_pauses_read_timestamp_seconds', {}, readAt);
  };
