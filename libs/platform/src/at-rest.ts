import { StoreFault } from '@keyserver/docstore';
import type { HealthProbe } from '@keyserver/service';
import { readLifecycle, standsStill, stateOf } from '@keyserver/stores';
import type { Platform } from './open-platform.ts';

/** Asks something of the life of a server. */
type AskLife = () => Promise<boolean>;

/**
 * Tells whether jobs have nothing to do: what there was is being deleted, or gone. While the store cannot be asked they run: each
 * fails of the store by itself, under its own name.
 */
export const atRest =
  ({ store }: Pick<Platform, 'store'>): AskLife =>
  async () => {
    try {
      return standsStill(stateOf(await readLifecycle(store)));
    } catch (fault) {
      if (fault instanceof StoreFault) return false;
      throw fault;
    }
  };

/** Tells whether no keys are taken: the server is closing, or at rest. */
export const isClosed =
  ({ store }: Pick<Platform, 'store'>): AskLife =>
  async () =>
    stateOf(await readLifecycle(store)) !== 'open';

/** Asks a probe only while that is not so: what a server at rest does not do is no problem of it. */
export const probeUnless =
  (asked: AskLife, probe: HealthProbe): HealthProbe =>
  async () => {
    if (!(await asked())) await probe();
  };
