import { keyHex } from '@keyserver/exposure-keys';
import {
  type Chunk,
  type PartnerState,
  type ReceivedKey,
  type StoredChunk,
  type StoredCopy,
  type Sync,
  type SyncStore,
  reconcileReceived,
  tallyOf,
} from '@keyserver/federation';
import { type Random, randomId } from '@keyserver/random';
import type { Worker } from '../../padding/turns.ts';
import type { Fault, Link } from './link.ts';
import { type ModelServer, WINDOWS } from './model-server.ts';

/** Where a query stands. */
export interface Standing {
  state: PartnerState | undefined;
  more: boolean;
  /** The run that may write. */
  run: string;
  /** Keys that were inserted or revised, in all runs. */
  changed: number;
}

/** What a run works with. */
export interface SyncDeps {
  readonly link: Link;
  readonly standing: Standing;
  readonly worker: Worker;
  readonly random: Random;
  readonly faults: ReadonlySet<Fault>;
}

/** Stores what a query receives as the server's own store does: each step is one transaction, which the worker may die at. */
export function modelSync(deps: SyncDeps): SyncStore {
  const { link, standing, worker, random, faults } = deps;
  return {
    begin: async ({ id: queryId }) => {
      const sync: Sync = { id: randomId(random), queryId };
      return await worker.step(() => {
        standing.run = sync.id;
        return { kind: 'begun', sync, state: standing.state, more: standing.more } as const;
      });
    },
    store: async (sync, chunk) => {
      if (faults.has('the next state is stored before its keys'))
        await worker.step(() => {
          advance(standing, chunk);
        });
      const early = faults.has('a chunk is merged with what was found before')
        ? await worker.step(() => copiesOf(link.to, chunk.keys, faults))
        : undefined;
      return await worker.step(() => store(deps, sync, { chunk, early }));
    },
    end: async () => await worker.step(() => ({ ms: 0 })),
  };
}

function store(
  { link, standing, faults }: SyncDeps,
  sync: Sync,
  {
    chunk,
    early,
  }: { readonly chunk: Chunk; readonly early: ReturnType<typeof copiesOf> | undefined },
): StoredChunk {
  if (standing.run !== sync.id) return { kind: 'overtaken' };
  const { to, query } = link;
  const copies = early ?? copiesOf(to, chunk.keys, faults);
  const context = { sourceId: query.id, now: to.now, windows: WINDOWS };
  const decided = reconcileReceived(chunk.keys, copies, {
    ...context,
    maxAge: to.keeping.maxAge,
  });
  if (decided.kind === 'too far ahead') return decided;
  for (const { keys, verifiedBy, ...document } of decided.documents)
    to.add(
      {
        ...document,
        ...{ origin: 'federated', sourceId: query.id, app: '' },
        authority: verifiedBy === undefined ? undefined : { id: 0, name: verifiedBy },
      },
      keys,
    );
  standing.changed += decided.inserted + decided.revised;
  advance(standing, chunk);
  return { kind: 'stored', ...tallyOf(decided) };
}

function advance(standing: Standing, { next }: Chunk): void {
  if (next === undefined) return;
  standing.more = next.more;
  standing.state = next.state ?? standing.state;
}

/** What is stored of keys, by key in hexadecimal, what was released first coming first. */
function copiesOf(
  server: ModelServer,
  keys: readonly ReceivedKey[],
  faults: ReadonlySet<Fault>,
): ReadonlyMap<string, readonly StoredCopy[]> {
  const copies = new Map<string, readonly StoredCopy[]>();
  const endsEarly = faults.has('look-up ends with serving');
  for (const hex of new Set(keys.map(({ key }) => keyHex(key.data)))) {
    const found = server
      .found(hex)
      .filter(({ window }) => !endsEarly || window >= server.now - server.keeping.retention)
      .toSorted((a, b) => a.window - b.window || (a.id < b.id ? -1 : 1))
      .flatMap((document) =>
        document.keys
          .filter(({ data }) => keyHex(data) === hex)
          .map((key): StoredCopy => ({ ...document, key })),
      );
    if (found.length > 0) copies.set(hex, found);
  }
  return copies;
}
