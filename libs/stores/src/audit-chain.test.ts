import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { seededRandom } from '@keyserver/random/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { simulatedClock, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { auditEntries } from './audit.ts';
import { earlierNamedBy } from './audit-beginning.ts';
import { AUDIT_WRITES, type AuditedStep, auditAhead, beginAudit } from './audit-chain.ts';
import {
  type AuditEntry,
  MAX_CHANGES_BYTES,
  NO_HASH,
  auditChain,
  auditChangesOf,
  auditHashOf,
  auditHeads,
  auditIdOf,
} from './audit-entry.ts';
import { storeParts } from './store-parts.ts';
import { auditedSteps } from './testing/audited-steps.ts';

const NOON = unixMillis(Date.parse('2024-05-01T12:00:00Z'));

const aStep = (id = 'us'): AuditedStep => ({
  ...{ actor: 'alex', operation: 'configuration.apply' },
  changes: [{ action: 'add', section: 'exports', id, fields: [] }],
});

let store: DocumentStore;
beforeEach(async () => {
  store = await openTestStore({ clock: simulatedClock(NOON) });
});
afterEach(closeTestStores);

async function append(step: string, what: AuditedStep = aStep(), to = store): Promise<boolean> {
  return await to.transact(async (tx) => {
    const audit = await beginAudit(tx, step);
    if (audit.earlier !== undefined) return false;
    audit.append(what);
    return true;
  });
}

async function entries(): Promise<readonly AuditEntry[]> {
  const found: AuditEntry[] = [];
  for await (const page of store.pages(auditChain, {}))
    found.push(...page.map(({ value }) => value));
  return found;
}

const change = async (write: (tx: Transaction) => void): Promise<void> => {
  await store.transact(async (tx) => {
    write(tx);
    await Promise.resolve();
  });
};

describe('an entry', () => {
  it('follows the one before it, from the first that begins the chain', async () => {
    await append('one');
    await append('two', aStep('ca'));
    const [first, second, third] = await entries();
    expect(first).toMatchObject({
      ...{ sequence: 1, previous: NO_HASH, operation: 'audit.begin', actor: 'alex', at: NOON },
    });
    expect(second).toMatchObject({ sequence: 2, previous: auditHashOf(first!), step: 'one' });
    expect(third).toMatchObject({ sequence: 3, previous: auditHashOf(second!), step: 'two' });
    expect(await store.get(auditHeads, ['head'])).toEqual([
      { sequence: 3, hash: auditHashOf(third!), rootSequence: 0, rootHash: NO_HASH },
    ]);
  });

  it('is written once when the answer to its transaction was lost', async () => {
    expect(await append('one')).toBe(true);
    await append('two');
    expect(await append('one')).toBe(false);
    expect(await auditedSteps(store)).toHaveLength(2);
  });

  it('is written by each of many who write at once', async () => {
    await Promise.all(Array.from({ length: 8 }, async (_, n) => await append(`step ${String(n)}`)));
    const all = await entries();
    expect(all.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [n, entry] of all.entries())
      expect(entry.previous).toBe(n === 0 ? NO_HASH : auditHashOf(all[n - 1]!));
  });

  it('comes with the step, or not at all', async () => {
    const killed = store.transact(async (tx) => {
      const audit = await beginAudit(tx, 'one');
      audit.append(aStep());
      throw new Error('killed');
    });
    await expect(killed).rejects.toThrow('killed');
    expect(await entries()).toEqual([]);
    expect(await store.get(storeParts, ['audit'])).toEqual([undefined]);
  });

  it('takes no more writes than are kept for it', async () => {
    let writes = 0;
    await store.transact(async (tx) => {
      const counting: Transaction = {
        ...{
          now: 0 as never,
          floor: tx.floor.bind(tx),
          get: tx.get.bind(tx),
          find: tx.find.bind(tx),
        },
        create: (into, id, value) => {
          writes += 1;
          tx.create(into, id, value);
        },
        set: (into, id, value) => {
          writes += 1;
          tx.set(into, id, value);
        },
        delete: tx.delete.bind(tx),
      };
      (await beginAudit(counting, 'one')).append(aStep());
    });
    expect(writes).toBe(AUDIT_WRITES);
  });

  it('names its actor in text that every database gives back', async () => {
    await append('one', { ...aStep(), actor: 'al\uD800ex' });
    expect(await auditedSteps(store)).toMatchObject([{ actor: 'al\uFFFDex' }]);
  });

  const value = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
  const changes = fc.array(
    fc.record({
      action: fc.constantFrom('add', 'change', 'end', 'remove'),
      ...{ section: fc.string(), id: fc.string({ unit: 'binary' }) },
      fields: fc.array(fc.record({ field: fc.string(), before: value, after: value, note: value })),
    }),
    { maxLength: 3 },
  );

  it('gives back any changes', async () => {
    await fc.assert(
      fc.asyncProperty(changes, fc.uuid(), async (some, id) => {
        await append(id, { ...aStep(), changes: some });
        expect((await auditedSteps(store)).at(-1)?.changes).toEqual(some);
      }),
      { numRuns: 30 },
    );
  });

  it('has another hash, or cannot be read, when any bit of it is another', async () => {
    await append('one', {
      ...aStep(),
      changes: [
        {
          ...{ action: 'change', section: 'exports', id: 'é' },
          fields: [{ field: 'thru', before: undefined, after: 'x', note: 'later' }],
        },
      ],
    });
    const entry = (await entries()).at(-1)!;
    const bytes = auditChain.codec.encode(entry);
    const hash = auditHashOf(entry);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(hashOrNothing(flipped)).not.toBe(hash);
    }
  });
});

function hashOrNothing(bytes: Uint8Array): string | undefined {
  try {
    return auditHashOf(auditChain.codec.decode(bytes));
  } catch {
    return undefined; // what cannot be read is seen too
  }
}

describe('a chain', () => {
  const legacy = { at: 1, actor: 'kim', operation: 'time.reset', changes: [] } as const;

  it('begins with the number and digest of what was written down before', async () => {
    await append('none before');
    const [none] = await entries();
    store = await openTestStore({ clock: simulatedClock(NOON) });
    await change((tx) => {
      for (let n = 0; n < 120; n++) tx.create(auditEntries, `id${String(n)}`, legacy);
    });
    await append('one');
    const [first] = await entries();
    const named = [none, first].map((entry) => earlierNamedBy(auditChangesOf(entry!)));
    expect(named.map((one) => one?.count)).toEqual([0, 120]);
    expect(named[1]?.digest).not.toBe(named[0]?.digest);
    expect(first?.before).toBe(named[1]?.digest);
  });

  const broken = { name: 'AuditFault', code: 'broken' };

  it.each<[string, (tx: Transaction, last: AuditEntry) => void, RegExp]>([
    [
      'its head is gone',
      (tx) => {
        tx.delete(auditHeads, 'head');
      },
      /the head of the chain is gone/,
    ],
    [
      'all of it is gone',
      (tx) => {
        tx.delete(auditHeads, 'head');
        for (const n of [1, 2, 3]) tx.delete(auditChain, auditIdOf(n));
      },
      /the store has had a chain, and it is gone/,
    ],
    [
      'its last entry is gone',
      (tx) => {
        tx.delete(auditChain, auditIdOf(3));
      },
      /entry 3, .* is gone/,
    ],
    [
      'its last entry was changed',
      (tx, last) => {
        tx.set(auditChain, auditIdOf(3), { ...last, actor: 'kim' });
      },
      /entry 3, the last one, is not the one that was written/,
    ],
    [
      'there is an entry behind its last',
      (tx, last) => {
        tx.set(auditChain, auditIdOf(4), last);
      },
      /entry 4 follows/,
    ],
    [
      'its head was put back to an older one',
      (tx, last) => {
        const root = { rootSequence: 0, rootHash: NO_HASH };
        tx.set(auditHeads, 'head', { sequence: 2, hash: last.previous, ...root });
      },
      /entry 3 follows/,
    ],
  ])('takes no entry when %s, and says what to do', async (_, damage, sentence) => {
    await append('one');
    await append('two');
    const last = (await entries()).at(-1)!;
    await change((tx) => {
      damage(tx, last);
    });
    const before = await entries();
    const appending = append('three');
    await expect(appending).rejects.toMatchObject(broken);
    await expect(appending).rejects.toThrow(sentence);
    await expect(appending).rejects.toThrow(/keyserver audit verify/);
    expect(await entries()).toEqual(before);
  });
});

describe('what is done outside the database', () => {
  it('is told in several entries when it is too much for one', async () => {
    const field = { field: 'a'.repeat(1000), before: undefined, after: undefined, note: undefined };
    const fields = Array.from({ length: 300 }, () => field);
    const changes = ['1', '2', '3', '4', '5'].map(
      (id) => ({ action: 'change', section: 'files', id, fields }) as const,
    );
    const step = { actor: 'alex', operation: 'store.rebuild', changes } as const;
    await auditAhead(store, step, seededRandom('ahead'));
    const written = await auditedSteps(store);
    expect(written.map((entry) => entry.changes.length)).toEqual([2, 2, 1]);
    expect(written.flatMap((entry) => entry.changes)).toEqual(changes);
    for (const entry of await entries())
      expect(Buffer.byteLength(entry.changes)).toBeLessThanOrEqual(MAX_CHANGES_BYTES);
  });

  it('is told in one entry even when nothing is changed', async () => {
    const step = { actor: 'alex', operation: 'store.rebuild', changes: [] } as const;
    await auditAhead(store, step, seededRandom('ahead'));
    expect(await auditedSteps(store)).toHaveLength(1);
  });
});
