import { type ClosingWait, type LifecycleGoal, type LifecycleState } from '@keyserver/stores';
import { unixMillis } from '@keyserver/time';
import { CommandFault } from '../command-fault.ts';
import { instantText, printable } from '../render.ts';

/** What is said of each goal. */
export const GOALS: Readonly<
  Record<LifecycleGoal, { readonly plan: string; readonly end: string }>
> = {
  decommission: {
    plan: 'Uploads would be answered 410 for good. Held-back keys would still come out; files would stay for {days} after that. Then `keyserver decommission finish` deletes keys, counts, configuration and files, and leaves empty indexes, the audit and a signed report.',
    end: 'The server has ended.',
  },
  hibernate: {
    plan: 'Uploads would be answered 503. Held-back keys would still come out; files would stay for {days} after that. Then `keyserver hibernate finish` deletes keys, counts and files, and leaves configuration, keys and audit. `keyserver wake` opens the server again.',
    end: 'The server hibernates. `keyserver wake` opens it again.',
  },
};

const WHERE: Readonly<Record<LifecycleState, string>> = {
  open: 'the server is open',
  closing: 'the server is closing',
  emptying: 'the server is being emptied, and cannot be had back: `finish` goes on',
  ended: 'the server has ended',
  hibernating: 'the server hibernates',
};

/** A command that does not fit the state of the server. */
export const refusedIn = (state: LifecycleState): CommandFault =>
  new CommandFault(`nothing was changed: ${WHERE[state]}`);

/** One thing that a server that is closing waits for, and what to do when it takes too long. */
export function waitText(wait: ClosingWait): string {
  switch (wait.kind) {
    case 'uploads':
      return `uploads that are under way, until ${instantText(wait.until)}`;
    case 'keys':
      return `keys of the window ${instantText(unixMillis(wait.window))}, which an export or a partner has yet to get: do /create-batches and /do-work run, and is anything paused?`;
    case 'index':
      return `the index of export ${printable(wait.exportId)}: do-work writes it`;
  }
}
