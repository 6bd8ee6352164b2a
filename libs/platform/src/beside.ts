import type { CloudPlatformChoice } from '@keyserver/config';
import type { LocalPlatform } from '@keyserver/local';
import type { TimeAndChance } from '@keyserver/service';

/**
 * What a service uses beside the store, and how it is had on each platform. Whatever loads the client of a product does it in
 * `onCloud` with `import()`: a client takes its time to load, and memory.
 */
export interface Beside<T extends object> {
  readonly onMachine: (local: LocalPlatform) => Promise<T>;
  readonly onCloud: (cloud: CloudPlatformChoice, machine: TimeAndChance) => Promise<Closable<T>>;
}

/** What is used, and how to give back what it holds. */
interface Closable<T> {
  readonly used: T;
  readonly close: () => Promise<void>;
}

/** Closes what holds nothing. */
export const nothingHeld = async (): Promise<void> => {
  await Promise.resolve();
};

/** The store and nothing beside it. */
export const storeAlone: Beside<object> = {
  onMachine: async () => await Promise.resolve({}),
  onCloud: async () => await Promise.resolve({ used: {}, close: nothingHeld }),
};
