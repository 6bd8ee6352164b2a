import { type CloudPlatformChoice, type PlatformValues, platformOf } from '@keyserver/config';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import type { LogLevel } from '@keyserver/log';
import type { KeyWrapper } from '@keyserver/revision-token';
import { type Ambient, type HealthProbe, crash, housekeepingWatch } from '@keyserver/service';
import { type StoreFormat, type StoreProfile, openStoreFormat } from '@keyserver/stores';
import type { Beside } from './beside.ts';
import { checkKeys } from './probes.ts';
import { wireOver } from './wire-over.ts';

/** The settings that name a platform and what its store must agree with: `storeVariables`, and how much is logged. */
export interface PlatformSettings extends PlatformValues {
  readonly PROFILE: StoreProfile;
  readonly LOG_LEVEL: LogLevel;
}

/** A platform that is open, with the store that belongs to these settings. */
export interface Platform {
  readonly store: DocumentStore;
  /** What the store said of itself when it was opened. */
  readonly format: StoreFormat;
  /** What stored keys are looked up by. */
  readonly keyHashSecret: Uint8Array;
  /** The keys of one machine, as a part of the store. */
  readonly keysPart?: StorePart;
  /** What health asks of this platform alone. */
  readonly probes: readonly HealthProbe[];
  readonly close: () => Promise<void>;
}

/** How a platform is opened, where it differs from what most services need. */
interface OpeningOptions<T> {
  /** How much of each database file of one machine is read through a memory map at most, bytes; 1 GiB unless given. */
  readonly mappedBytes?: number;
  /** What wraps data keys, for whoever makes them: the store notes it, and refuses another one. */
  readonly wrapping?: (used: T) => KeyWrapper;
}

/**
 * Opens the platform that the settings name, with what a service uses beside the store. Throws a ConfigFault, a
 * StoreFormatFault or a StorePartFault, each a sentence for the operator, and holds nothing then.
 */
export async function openPlatform<T extends object>(
  config: PlatformSettings,
  ambient: Ambient,
  beside: Beside<T>,
  options: OpeningOptions<T> = {},
): Promise<Platform & T> {
  const opened = await openAt(config, ambient, { beside, mappedBytes: options.mappedBytes });
  const { deps: format } = await wireOver(opened, async ({ store, place, keyHashSecret, used }) => {
    const { TRUNCATE_WINDOW_SECONDS: window, PROFILE: profile } = config;
    const wrapping = options.wrapping === undefined ? {} : { wrapping: options.wrapping(used) };
    const known = { place, window, profile, keyHashSecret, ...wrapping };
    const format = await openStoreFormat(store, known, ambient.random);
    await checkKeys({ ...opened, format });
    return format;
  });
  const { place: _, used, ...platform } = opened;
  return { ...platform, format, ...used };
}

interface Opened<T> extends Omit<Platform, 'format'> {
  /** What sentences call the platform. */
  readonly place: string;
  readonly used: T;
}

interface Wanted<T extends object> {
  readonly beside: Beside<T>;
  readonly mappedBytes: number | undefined;
}

// Each platform is loaded only where it is chosen: the clients of a cloud take their time to load.
async function openAt<T extends object>(
  config: PlatformSettings,
  ambient: Ambient,
  wanted: Wanted<T>,
): Promise<Opened<T>> {
  const choice = platformOf(config);
  if (choice.kind === 'gcp') return await openCloud(choice, ambient, wanted.beside);
  const watch = housekeepingWatch(ambient.openLog(config.LOG_LEVEL));
  const { openLocalPlatform } = await import('@keyserver/local');
  const { place, dataDirectory } = choice;
  const { clock, timers, random } = ambient;
  const local = await openLocalPlatform({
    ...{ dataDirectory, clock, timers, random },
    ...{ onHousekeeping: watch.heard, onArraysMade: watch.arraysMade },
    ...{ onLost: crash, sweeps: true },
    ...(wanted.mappedBytes === undefined ? {} : { mappedBytes: wanted.mappedBytes }),
  });
  const { store, keyHashSecret, keysPart, close } = local;
  const { deps: used } = await wireOver(local, wanted.beside.onMachine);
  return {
    ...{ place, store, keyHashSecret, keysPart, used, close },
    probes: [local.checkDisk, watch.probe],
  };
}

async function openCloud<T extends object>(
  choice: CloudPlatformChoice,
  { clock, timers, random }: Ambient,
  beside: Beside<T>,
): Promise<Opened<T>> {
  const machine = { clock, timers, random };
  const [{ openFirestoreStore }, product] = await Promise.all([
    import('@keyserver/firestore'),
    beside.onCloud(choice, machine),
  ]);
  const { project: projectId, database: databaseId, firestore, keyHashSecret, place } = choice;
  const at = firestore === undefined ? {} : { emulatorHost: firestore };
  const { deps: store } = await wireOver(
    product,
    async () => await openFirestoreStore({ projectId, databaseId, ...at, ...machine }),
  );
  const close = async (): Promise<void> => {
    await Promise.all([store.close(), product.close()]);
  };
  return { place, store, keyHashSecret, used: product.used, probes: [], close };
}
