import { MINUTE, type Timers } from '@keyserver/time';
import type { EventKind, EventName, Events } from './events.ts';

/** Events of one kind that are logged one by one in each minute; what comes beyond them is counted. */
export const LOGGED_EACH = 20;

type KindOf = { readonly [N in EventName]?: (fields: Events[N]) => EventKind };

/** The events that anybody may cause at will; counted by kind, or else a log would soon hold nothing but them. */
const KIND_OF: KindOf = {
  'publish.refused': ({ code }) => ({ code }),
  'publish.aborted': () => ({}),
  'stats.refused': ({ reason }) => ({ reason }),
  'publish.overloaded': () => ({}),
  'publish.window_covered': () => ({}), // one for each upload, while that lasts
  'request.served': served,
  'request.unserved': served,
  'request.unreadable': ({ reason }) => ({ reason }),
  'telemetry.export_failed': () => ({}),
  'telemetry.progress_unread': () => ({}),
  'caller.refused': ({ reason }) => ({ reason }),
  'caller.unverifiable': () => ({}),
  'files.object_damaged': () => ({}),
  'federation.refused': ({ reason }) => ({ reason }),
  'federation.aborted': () => ({}),
  'request.fault': ({ status, causes: [first] }) => ({
    status,
    ...(first === undefined ? {} : { class: first.class }),
  }),
};

function served({ route, status }: Events['request.served']): EventKind {
  return { ...(route === undefined ? {} : { route }), status };
}

/** What is known of one kind within the present minute. */
interface Seen {
  readonly event: EventName;
  readonly kind: EventKind;
  times: number;
}

/** Bounds what outsiders can write into a log. */
export interface EventSums {
  /** Whether an event gets a line of its own; otherwise it is counted. */
  admits<N extends EventName>(name: N, fields: Events[N]): boolean;
  /** Writes the sums of the present minute and begins anew. */
  flush(): void;
}

/** Counts events of the same kind by the minute, which begins with the first of them. */
export function eventSums(
  write: (sum: Events['log.events_summed']) => void,
  timers: Timers,
): EventSums {
  const minute = new Map<string, Seen>();
  let cancel = (): void => undefined;

  function flush(): void {
    cancel();
    for (const { event, kind, times } of minute.values())
      if (times > LOGGED_EACH) write({ event, ...kind, count: times - LOGGED_EACH });
    minute.clear();
  }

  return {
    flush,
    admits: (name, fields) => {
      const kind = KIND_OF[name]?.(fields);
      if (kind === undefined) return true;
      if (minute.size === 0) cancel = timers.after(MINUTE, flush, { unref: true });
      const key = JSON.stringify([name, kind]);
      const seen = minute.get(key) ?? { event: name, kind, times: 0 };
      minute.set(key, seen);
      seen.times += 1;
      return seen.times <= LOGGED_EACH;
    },
  };
}
