import type { DocumentStore } from '@keyserver/docstore';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  type AuditEntry,
  auditChain,
  auditCheckpoints,
  auditEntries,
  auditHashOf,
  auditHeads,
  auditIdOf,
} from '@keyserver/stores';
import { simulatedClock } from '@keyserver/time';
import fc from 'fast-check';
import type { KnownOfAudit } from './audit-verdict.ts';
import {
  EARLIER,
  NOON,
  aChain,
  addSteps,
  allOf,
  changeCheckpoint,
  changeEntry,
  checkpointed,
  loseHead,
  signer,
  tamper,
} from './testing/a-chain.ts';
import { verifyAudit } from './verify-audit.ts';

afterEach(closeTestStores);

/** What a verdict comes to: its sentence, or its kind. */
async function verdictOn(store: DocumentStore, known?: KnownOfAudit): Promise<string> {
  const verdict = await verifyAudit(store, known);
  return verdict.kind === 'broken' ? verdict.sentence : verdict.kind;
}

const headOf = async (store: DocumentStore) => {
  const { sequence, hash } = (await allOf(store, auditHeads)).get('head')!;
  return { sequence, hash };
};

/** Makes the chain fit together again from an entry on, as somebody would who knows how it is made. */
async function rechain(store: DocumentStore, from: number): Promise<void> {
  const all = [...(await allOf(store, auditChain)).values()].toSorted(
    (a, b) => a.sequence - b.sequence,
  );
  const head = (await allOf(store, auditHeads)).get('head')!;
  let hash = '';
  await tamper(store, (tx) => {
    for (const entry of all) {
      const next = entry.sequence <= from ? entry : { ...entry, previous: hash };
      tx.set(auditChain, auditIdOf(entry.sequence), next);
      hash = auditHashOf(next);
    }
    tx.set(auditHeads, 'head', { ...head, sequence: all.at(-1)!.sequence, hash });
  });
}

/** Cuts off the end, and sets the head to what is left. */
async function cutOff(store: DocumentStore, from: number): Promise<void> {
  const { sequence } = await headOf(store);
  for (let n = from; n <= sequence; n++) await changeEntry(store, n, undefined);
  await rechain(store, from);
}

describe('a whole chain', () => {
  it('is said to be whole, with its ends', async () => {
    const store = await aChain(45);
    const { sequence, hash } = await headOf(store);
    expect(await verifyAudit(store)).toMatchObject({
      ...{ kind: 'whole', begins: 'first', checkpoints: 0, first: { sequence: 1 } },
      ...{ head: { sequence: 46 }, configuration: undefined, trimmedKnown: [] },
    });
    expect(await verdictOn(store, { entries: [{ sequence, hash }] })).toBe('whole');
  });

  it('is whole while somebody adds to it', async () => {
    const store = await aChain(3);
    let added = 0;
    const busy = Object.assign(Object.create(store) as DocumentStore, {
      async *pages(...query: Parameters<DocumentStore['pages']>) {
        for await (const page of store.pages(...query)) {
          yield page;
          if (added++ < 2) {
            await addSteps(store, 25);
            await checkpointed(store);
          }
        }
      },
    });
    expect(await verifyAudit(busy)).toMatchObject({ kind: 'whole', head: { sequence: 56 } });
  });

  it('has checkpoints that are signed by keys that are known', async () => {
    const store = await aChain(2);
    const { publicKey } = await checkpointed(store);
    await addSteps(store, 1);
    const other = memorySigner();
    const second = await checkpointed(store, other);
    expect(await verifyAudit(store)).toMatchObject({ kind: 'whole', checkpoints: 2 });
    const publicKeys = [publicKey, other.pem];
    expect(await verdictOn(store, { publicKeys, entries: [second] })).toBe('whole');
  });
});

describe('no chain', () => {
  it('is nothing wrong, whatever was written down before there were chains', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    expect(await verifyAudit(store)).toEqual({ kind: 'none', earlier: 0 });
    await tamper(store, (tx) => {
      tx.create(auditEntries, 'a', EARLIER);
    });
    expect(await verifyAudit(store)).toEqual({ kind: 'none', earlier: 1 });
  });

  it('is a chain that is gone where an entry is known, or the store had one', async () => {
    const empty = await openTestStore({ clock: simulatedClock(NOON) });
    const store = await aChain(1);
    const entries = [await headOf(store)];
    expect(await verdictOn(empty, { entries })).toBe(
      'entries are known, and the store has no chain',
    );
    await loseHead(store);
    expect(await verdictOn(store)).toMatch(/the head of the chain is gone/);
    for (const n of [1, 2]) await changeEntry(store, n, undefined);
    expect(await verdictOn(store)).toMatch(/has had a chain, and it is gone/);
  });
});

describe('a chain is broken', () => {
  const FIELDS = ['step', 'at', 'actor', 'operation', 'before', 'after', 'changes', 'previous'];

  it.each(FIELDS)('when the %s of an entry is another', async (field) => {
    const store = await aChain(4);
    const change = { [field]: field === 'at' ? 7 : '[]' } as Partial<AuditEntry>;
    await changeEntry(store, 3, change);
    expect(await verdictOn(store)).toMatch(/^entry (3 does not follow entry 2|4 does not follow)/);
  });

  it.each<[string, number, Partial<AuditEntry> | undefined, RegExp]>([
    ['an entry is gone', 3, undefined, /^entry 3 is gone$/],
    ['the first entry is gone', 1, undefined, /^entry 1 is gone$/],
    ['the last entry is gone', 5, undefined, /^entry 5 is gone, and all after it$/],
    ['the last entry was changed', 5, { actor: 'kim' }, /^entry 5, the last one, is not/],
    ['the first entry was changed', 1, { actor: 'kim' }, /^entry 2 does not follow entry 1/],
    ['an entry has the number of another', 3, { sequence: 4 }, /^entry 3 calls itself 4$/],
    ['nobody can read what was changed', 5, { changes: 'null' }, /^entry 5, or .*cannot be read$/],
  ])('when %s', async (_, sequence, change, sentence) => {
    const store = await aChain(4);
    await changeEntry(store, sequence, change);
    expect(await verdictOn(store)).toMatch(sentence);
  });

  it('when it begins with what says nothing of what was before', async () => {
    const store = await aChain(3);
    await changeEntry(store, 1, { operation: 'jobs.run' });
    await rechain(store, 1);
    expect(await verdictOn(store)).toBe('entry 1, the first one, does not say what was before it');
  });

  it('when it is said to begin behind an entry that it does not follow', async () => {
    const store = await aChain(3);
    const head = (await allOf(store, auditHeads)).get('head')!;
    for (const rootHash of [head.rootHash, 'f'.repeat(64)]) {
      await tamper(store, (tx) => {
        tx.set(auditHeads, 'head', { ...head, rootSequence: 2, rootHash });
      });
      expect(await verdictOn(store)).toMatch(
        /^(entry 3, the first one, does not follow|the checkpoint of entry 2, .* is gone)/,
      );
    }
  });

  it('when an entry is put in, of whatever id', async () => {
    const store = await aChain(4);
    const entry = (await allOf(store, auditChain)).get(auditIdOf(3))!;
    for (const id of [auditIdOf(6), '0000000000000003x', 'zzz', auditIdOf(0), '!']) {
      await tamper(store, (tx) => {
        tx.set(auditChain, id, entry);
      });
      expect(await verdictOn(store)).toMatch(/^entry \d/);
      await tamper(store, (tx) => {
        tx.delete(auditChain, id);
      });
      expect(await verdictOn(store)).toBe('whole');
    }
  });

  it('when a whole entry is added behind the one that the head names', async () => {
    const store = await aChain(4);
    const head = (await allOf(store, auditHeads)).get('head')!;
    await addSteps(store, 1);
    await tamper(store, (tx) => {
      tx.set(auditHeads, 'head', head);
    });
    expect(await verdictOn(store)).toBe('the head names entry 5 as the last, and there are more');
  });

  it('when what was written down before the chain is changed, taken away or added to', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    const set = async (id: string, at = EARLIER.at as number) => {
      await tamper(store, (tx) => {
        tx.set(auditEntries, id, { ...EARLIER, at });
      });
    };
    await set('a');
    await addSteps(store, 1);
    expect(await verdictOn(store)).toBe('whole');
    await set('a', 2);
    expect(await verdictOn(store)).toMatch(/^of the entries from before the chain there were 1/);
    await set('a');
    await set('b');
    expect(await verdictOn(store)).toMatch(/there were 1, and there are 2/);
  });

  it('when any entry of it is changed, moved, doubled or taken away', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('swap', 'copy', 'remove', 'actor', 'at'),
        async (one, other, how) => {
          const store = await aChain(6);
          const all = await allOf(store, auditChain);
          const [a, b] = [all.get(auditIdOf(one))!, all.get(auditIdOf(other))!];
          await tamper(store, (tx) => {
            if (how === 'remove') tx.delete(auditChain, auditIdOf(one));
            else if (how === 'actor')
              tx.set(auditChain, auditIdOf(one), { ...a, actor: `${a.actor}.` });
            else if (how === 'at') tx.set(auditChain, auditIdOf(one), { ...a, at: a.at + other });
            else tx.set(auditChain, auditIdOf(one), { ...b, sequence: one });
            if (how === 'swap' && one !== other)
              tx.set(auditChain, auditIdOf(other), { ...a, sequence: other });
          });
          const isSame = one === other && (how === 'swap' || how === 'copy');
          expect(await verdictOn(store)).toMatch(isSame ? /^whole$/ : /^entry \d/);
          await closeTestStores();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a chain that fits together is not believed', () => {
  it('when the end of it was cut off, and a checkpoint of it is still there or known outside', async () => {
    const store = await aChain(3);
    const kept = await headOf(store);
    const checkpoint = await checkpointed(store);
    await cutOff(store, 4);
    const sentence =
      /^there is a checkpoint of entry 4, and the chain ends with entry 3: the end was/;
    expect(await verdictOn(store)).toMatch(sentence);
    await changeCheckpoint(store, 4, undefined);
    // Nothing in the store tells of it any more: only who kept something outside knows.
    expect(await verdictOn(store)).toBe('whole');
    for (const known of [kept, checkpoint])
      expect(await verdictOn(store, { entries: [known] })).toBe(
        'the chain ends with entry 3, and entry 4 is known: the end was cut off',
      );
  });

  it('when it was written anew from an entry on, and a later one is known', async () => {
    const store = await aChain(4);
    const kept = await headOf(store);
    await changeEntry(store, 3, { actor: 'kim' });
    await rechain(store, 3);
    expect(await verdictOn(store)).toBe('whole');
    expect(await verdictOn(store, { entries: [kept] })).toBe(
      'entry 5 is not the one that is known: the chain was written anew',
    );
  });

  it('when it was written anew under a checkpoint', async () => {
    const store = await aChain(4);
    await checkpointed(store);
    await changeEntry(store, 3, { actor: 'kim' });
    await rechain(store, 3);
    expect(await verdictOn(store)).toBe('the checkpoint of entry 5 is of another entry');
  });

  it.each<[string, Parameters<typeof changeCheckpoint>[2], RegExp]>([
    ['is gone', undefined, /^the checkpoint that entry 4 tells of is gone$/],
    ['is of another entry', { hash: 'f'.repeat(64) }, /^the checkpoint of entry 3 is of another/],
    ['has another time', { at: 1 }, /^the checkpoint of entry 3 is not signed by a key/],
    [
      'has no signature',
      { signature: new Uint8Array() },
      /^the checkpoint of entry 3 is not signed/,
    ],
    ['names a key that did not sign', { publicKey: memorySigner().pem }, /is not signed by a key/],
    ['names no key', { publicKey: '' }, /^the checkpoint of entry 3 is not signed by a key/],
  ])('when a checkpoint %s', async (_, change, sentence) => {
    const store = await aChain(2);
    await checkpointed(store);
    await changeCheckpoint(store, 3, change);
    expect(await verdictOn(store)).toMatch(sentence);
  });

  it('when a checkpoint is signed by a key that nobody knows', async () => {
    const store = await aChain(2);
    await checkpointed(store, memorySigner());
    expect(await verdictOn(store)).toBe('whole');
    expect(await verdictOn(store, { publicKeys: [signer.pem] })).toMatch(/is not signed by a key/);
    expect(await allOf(store, auditCheckpoints)).toHaveProperty('size', 1);
  });
});
