import type { BlobStore } from '@keyserver/export-file';
import type { ScheduledJobsDeps } from '../scheduled-jobs.ts';

/** Hears `before` or `after` and the name of a port. */
export type Faults = (port: string) => void;

/** A bucket that notes every name that was ever written to it. */
export function recorded(bucket: BlobStore, written: Set<string>): BlobStore {
  return {
    find: async (name) => await bucket.find(name),
    read: async (name) => await bucket.read(name),
    list: (prefix) => bucket.list(prefix),
    delete: async (name) => {
      await bucket.delete(name);
    },
    put: async (name, content, options) => {
      const put = await bucket.put(name, content, options);
      if (put !== 'conflict') written.add(name);
      return put;
    },
  };
}

/** A worker whose every use of a port is reported before and after it happens; what `faults` throws ends the worker. */
export function mortalPorts(deps: ScheduledJobsDeps, faults: Faults): Partial<ScheduledJobsDeps> {
  const one =
    <A extends readonly unknown[], R>(port: string, use: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      faults(`before ${port}`);
      const result = await use(...args);
      faults(`after ${port}`);
      return result;
    };
  const all = <P extends object>(name: string, port: P): P =>
    new Proxy(port, {
      get: (target, method) => {
        const use = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
        return one(`${name}.${String(method)}`, use.bind(target));
      },
    });
  return {
    cutBatches: one('cutBatches', deps.cutBatches),
    queue: all('queue', deps.queue),
    units: {
      listPartners: one('units.listPartners', deps.units.listPartners),
      cutUnits: one('units.cutUnits', deps.units.cutUnits),
      isWanted: one('units.isWanted', deps.units.isWanted),
      end: one('units.end', deps.units.end),
      queue: all('units.queue', deps.units.queue),
    },
    work: all('work', deps.work),
    listings: all('listings', deps.listings),
    leases: all('leases', deps.leases),
    findSigner: one('findSigner', deps.findSigner),
    findSigningKeys: one('findSigningKeys', deps.findSigningKeys),
    trySigner: one('trySigner', deps.trySigner),
    usedKeys: all('usedKeys', deps.usedKeys),
    storeTime: one('storeTime', deps.storeTime),
    planOf: one('planOf', deps.planOf),
    cells: all('cells', deps.cells),
    generatorOf: one('generatorOf', deps.generatorOf),
    revisionsOf: one('revisionsOf', deps.revisionsOf),
    keepShapes: one('keepShapes', deps.keepShapes),
    openBucket: (name) => {
      const bucket = deps.openBucket(name);
      return {
        ...all('bucket', bucket),
        list: async function* (prefix) {
          faults('before bucket.list');
          yield* bucket.list(prefix);
        },
      };
    },
    readKeyBatches: async function* (windows) {
      faults('before readKeyBatches');
      yield* deps.readKeyBatches(windows);
    },
  };
}
