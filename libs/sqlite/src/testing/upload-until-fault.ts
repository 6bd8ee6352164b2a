import type { DocumentStore } from '@keyserver/docstore';
import { StoreFault, collection, ints } from '@keyserver/docstore';
import { machine } from '../../../../test/support/machine.ts';
import { openSqliteStore } from '../store.ts';

/** Documents like those of uploaded keys, of which an array index has many scattered entries. */
export const uploads = collection({
  name: 'uploads',
  fields: { keys: ints() },
  arrayIndex: 'keys',
});

const KEYS = 200;
const SEARCHED = 20;
const PRIME = 1_000_003;

/** The keys of the upload of a number, scattered over the index as hashes are. No two uploads have one in common. */
export const keysOf = (n: number): readonly number[] =>
  Array.from({ length: KEYS }, (_, k) => ((n * KEYS + k) * 7919) % PRIME);

/** The documents that hold one of the first keys of an upload. */
export const findKeys = (n: number) =>
  ({ containsAny: { field: 'keys', values: keysOf(n).slice(0, SEARCHED) } }) as const;

/** Stores the upload of a number under an id, unless its keys are stored already. */
export const upload = async (
  store: DocumentStore,
  n: number,
  id = `upload-${String(n)}`,
): Promise<'found' | 'stored'> =>
  await store.transact(async (tx) => {
    if ((await tx.find(uploads, findKeys(n))).length > 0) return 'found';
    tx.create(uploads, id, { keys: keysOf(n) });
    return 'stored';
  });

/** What a process tells that stored uploads until one failed. */
export interface UntilFault {
  readonly acknowledged: number;
  readonly code: string;
  /** Whether the upload that failed is stored all the same. */
  readonly isThere: boolean;
  /** How the same upload ended when it was tried once more. */
  readonly again: string;
  /** How many entries the index had each time when it was told to be made anew. */
  readonly made: readonly number[];
}

const ended = async (work: Promise<string>): Promise<string> => {
  try {
    return await work;
  } catch (fault) {
    if (fault instanceof StoreFault) return fault.code;
    throw fault;
  }
};

async function untilFault(file: string): Promise<UntilFault> {
  const made: number[] = [];
  const onArraysMade = (entries: number): number => made.push(entries);
  const store = await openSqliteStore({ ...machine, file, onArraysMade });
  let acknowledged = 0;
  let outcome = await ended(upload(store, acknowledged));
  while (outcome === 'stored') outcome = await ended(upload(store, ++acknowledged));
  const [failed] = await store.get(uploads, [`upload-${String(acknowledged)}`]);
  const again = await ended(upload(store, acknowledged));
  await store.close();
  return { acknowledged, code: outcome, isThere: failed !== undefined, again, made };
}

// A process of its own, because a limit of file sizes holds for a whole process.
const [, program = '', file = ''] = process.argv;
if (program === import.meta.filename) process.stdout.write(JSON.stringify(await untilFault(file)));
