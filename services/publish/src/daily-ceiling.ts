import type { AuthorizedApp } from '@keyserver/health-authority';
import type { Random } from '@keyserver/random';
import type { DrawKeys } from '@keyserver/stores';
import { SECOND, type Timers, type UnixMillis, sleep } from '@keyserver/time';

/** What became of the keys that an upload wants to publish. */
export type Reservation =
  | {
      readonly kind: 'reserved';
      /** Says how many were published in the end: the others are free again. To be called once, whatever happens. */
      readonly settle: (published: number) => void;
    }
  /** The application has published what it may today; seconds until it may be tried again, some time after the next day begins. */
  | { readonly kind: 'spent'; readonly seconds: number };

/** Reserves keys of what an application may publish today, for one upload of a certificate at a time. */
export type ReserveKeys = (
  app: AuthorizedApp,
  keys: number,
  certificate: string,
) => Promise<Reservation>;

const FREE: Reservation = { kind: 'reserved', settle: () => undefined };

/** For where no application has a ceiling. */
export const reserveFreely: ReserveKeys = () => Promise.resolve(FREE);

/**
 * The least time between two draws of an instance and application, ms: one write of a document in a second is what Firestore
 * sustains (https://firebase.google.com/docs/firestore/best-practices).
 */
const BETWEEN_DRAWS = SECOND;
/** How long a share should last, ms, so that some dozens of instances share that one write. */
const SHARE_LASTS = 30 * SECOND;

/**
 * Uploads that are refused may come again within so long after midnight, in seconds, drawn anew for each: phones that all came
 * at once would meet a share that is still small, and use up the new day's allowance before anybody else.
 */
const SPREAD_SECONDS = 3600;

interface CeilingDeps {
  readonly draw: DrawKeys;
  readonly timers: Timers;
  readonly random: Random;
  /** Told once a day and instance. */
  readonly onReached: (app: AuthorizedApp, ceiling: number) => void;
}

/**
 * Keeps applications below their ceilings, over all instances: each draws shares of a day's allowance from the store, at most
 * one in a second, and hands them out. Shares grow until they last for half a minute. Days are those of the store.
 *
 * Uploads with the same certificate come one after the other: they are of the same keys, of which one upload publishes any.
 * Whoever sends one hundreds of times at once would else have a whole allowance drawn for keys that are known already.
 */
export function dailyCeilings(deps: CeilingDeps): ReserveKeys {
  const shares = new Map<string, DailyShare>();
  const takeTurn = turns();
  return async (app, keys, certificate) => {
    const { id, maxKeysPerDay: ceiling } = app;
    if (ceiling === undefined || keys === 0) return FREE;
    const share = shares.get(id) ?? new DailyShare(deps);
    shares.set(id, share);
    const end = await takeTurn(`${id} ${certificate}`);
    const reservation = await share
      .reserve({ ...app, maxKeysPerDay: ceiling }, keys)
      .catch((fault: unknown) => {
        end();
        throw fault;
      });
    if (reservation.kind === 'spent') {
      end();
      return reservation;
    }
    const settle = (published: number): void => {
      reservation.settle(published);
      end();
    };
    return { kind: 'reserved', settle };
  };
}

/** Turns under names: whoever takes one waits until nobody else has it, and ends it by calling what is given. */
function turns(): (name: string) => Promise<() => void> {
  const taken = new Map<string, Promise<void>>();
  return async (name) => {
    for (let other = taken.get(name); other !== undefined; other = taken.get(name)) await other;
    let pass = (): void => undefined;
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    taken.set(name, passed);
    return () => {
      taken.delete(name);
      pass();
    };
  };
}

type LimitedApp = AuthorizedApp & { readonly maxKeysPerDay: number };

/** What one instance holds of an application's allowance. */
class DailyShare {
  private readonly deps: CeilingDeps;
  private left = 0;
  /** The ceiling below which nothing was left; undefined while there may be something. */
  private spentAt: number | undefined;
  private day: UnixMillis | undefined;
  /** When that day ends, on the clock of the timers. */
  private endOfDay = 0;
  private drawnAt: number | undefined;
  private takenSince = 0;
  /** Keys of the uploads that wait for a draw. */
  private waiting = 0;
  private drawing: Promise<void> | undefined;

  constructor(deps: CeilingDeps) {
    this.deps = deps;
  }

  async reserve(app: LimitedApp, keys: number): Promise<Reservation> {
    for (;;) {
      if (this.deps.timers.monotonic() >= this.endOfDay) this.forget();
      if (this.left >= keys) return this.take(keys);
      if (this.spentAt === app.maxKeysPerDay) return this.spent();
      this.waiting += keys;
      try {
        await (this.drawing ??= this.drawOnce(app));
      } finally {
        this.waiting -= keys;
      }
    }
  }

  private take(keys: number): Reservation {
    this.left -= keys;
    this.takenSince += keys;
    const { day } = this;
    const settle = (published: number): void => {
      if (this.day === day) this.left += keys - published;
    };
    return { kind: 'reserved', settle };
  }

  private spent(): Reservation {
    const { timers, random } = this.deps;
    const restOfDay = Math.ceil((this.endOfDay - timers.monotonic()) / SECOND);
    return { kind: 'spent', seconds: restOfDay + random.below(SPREAD_SECONDS) };
  }

  private forget(): void {
    this.left = 0;
    this.spentAt = undefined;
  }

  private async drawOnce(app: LimitedApp): Promise<void> {
    try {
      await this.draw(app);
    } finally {
      this.drawing = undefined;
    }
  }

  private async draw(app: LimitedApp): Promise<void> {
    const { draw, timers, onReached } = this.deps;
    const since = this.drawnAt === undefined ? Infinity : timers.monotonic() - this.drawnAt;
    if (since < BETWEEN_DRAWS) await sleep(timers, BETWEEN_DRAWS - since);
    const ahead = since < SHARE_LASTS ? 2 * this.takenSince : this.takenSince;
    const needed = Math.max(0, this.waiting - this.left);
    // Before the call: the day of the store has then no less left than it says.
    const began = timers.monotonic();
    this.drawnAt = began;
    this.takenSince = 0;
    const ceiling = app.maxKeysPerDay;
    const drawn = await draw({ app: app.id, ceiling, needed, ahead });
    if (drawn.day !== this.day) this.forget();
    this.day = drawn.day;
    this.endOfDay = began + drawn.restOfDay;
    this.left += drawn.keys;
    if (drawn.keys >= needed) return;
    this.spentAt = ceiling;
    onReached(app, ceiling);
  }
}
