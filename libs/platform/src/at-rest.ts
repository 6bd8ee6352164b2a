import type { HealthProbe } from '@keyserver/service';
import { readLifecycle, rememberedLife, standsStill, stateOf } from '@keyserver/stores';
import type { Timers } from '@keyserver/time';
import type { Platform } from './open-platform.ts';

/** Asks something of the life of a server. */
type AskLife = () => Promise<boolean>;

/** Tells whether jobs have nothing to do: what there was is being deleted, or gone. */
export const atRest =
  ({ store }: Pick<Platform, 'store'>): AskLife =>
  async () =>
    standsStill(stateOf(await readLifecycle(store)));

/** The same for health, which strangers may ask for: the store is asked at most every ten seconds. */
export function restsLately(
  { store }: Pick<Platform, 'store'>,
  timers: Pick<Timers, 'monotonic'>,
): AskLife {
  const recall = rememberedLife(async () => await readLifecycle(store), timers);
  return async () => standsStill(stateOf(await recall()));
}

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
