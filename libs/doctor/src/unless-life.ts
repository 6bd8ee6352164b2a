import { type LifecycleState, readLifecycle, stateOf } from '@keyserver/stores';
import { type Check, notApplicable } from './check.ts';

/** A check of work that a server in some states is not to do: there, what is not done is no problem of it. */
export const unlessLife = (rests: (state: LifecycleState) => boolean, check: Check): Check => ({
  ...check,
  run: async (patient) => {
    const { store } = await patient.open();
    const state = stateOf(await readLifecycle(store));
    return rests(state)
      ? notApplicable(`The server is ${state}, and this is not done any more.`)
      : await check.run(patient);
  },
});
