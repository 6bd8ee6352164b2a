import type { JobReport } from '@keyserver/jobs';
import type { Logger } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { KeyRingFault, type KeyWrapper, type ReadDataKeys } from '@keyserver/revision-token';
import type { Rotation } from '@keyserver/stores';

const DATA_KEY_BYTES = 32;
const BOUND_BYTES = 16;

/** What rotating the data keys of revision tokens needs. */
export interface RotateKeysDeps {
  readonly readKeys: ReadDataKeys;
  /** Adds and destroys what is due, in one transaction. */
  readonly rotate: (
    draw: () => Promise<{ readonly wrapped: Uint8Array; readonly bound: Uint8Array }>,
  ) => Promise<Rotation>;
  readonly wrapper: KeyWrapper;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Looks whether every data key can still be unwrapped, adds one when that is due and destroys those that no living token is
 * sealed with. Those that wait for the time to be certain are left. When one cannot be unwrapped nothing is changed, and the fault says so: the wrapping key is gone, or another.
 */
export async function rotateKeys(deps: RotateKeysDeps): Promise<JobReport> {
  const { wrapper, random, log } = deps;
  for (const { id, wrapped, bound } of await deps.readKeys())
    if ((await wrapper.unwrap(wrapped, bound)) === undefined)
      throw new KeyRingFault(
        'unwrapping',
        `data key ${id} of revision tokens cannot be unwrapped: put the wrapping key back that it was wrapped with`,
      );
  const {
    created,
    destroyed,
    waiting: left,
  } = await deps.rotate(async () => {
    const bound = random.bytes(BOUND_BYTES);
    return { wrapped: await wrapper.wrap(random.bytes(DATA_KEY_BYTES), bound), bound };
  });
  if (created !== undefined) log.event('trust.data_key_created', { number: created });
  for (const number of destroyed) log.event('trust.data_key_destroyed', { number });
  const done = destroyed.length + (created === undefined ? 0 : 1);
  return { kind: 'done', done, left };
}
