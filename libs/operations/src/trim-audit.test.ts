import type { DocumentStore } from '@keyserver/docstore';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  auditChain,
  auditCheckpoints,
  auditEntries,
  auditHeads,
  signingKeys,
  storeParts,
} from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { DAY, type UnixMillis, simulatedClock, unixMillis } from '@keyserver/time';
import { checkpointAudit } from './checkpoint-audit.ts';
import { readAudit } from './read-audit.ts';
import { restartAudit } from './restart-audit.ts';
import {
  BY,
  NOON,
  aChain,
  addSteps,
  allOf,
  changeCheckpoint,
  changeEntry,
  checkpointed,
  signer,
  tamper,
} from './testing/a-chain.ts';
import { AUDIT_KEPT_AT_LEAST, type TrimOutcome, trimAudit } from './trim-audit.ts';
import { verifyAudit } from './verify-audit.ts';

afterEach(closeTestStores);

/** When what was written at NOON is old enough to be trimmed. */
const OLD = unixMillis(NOON + 1);

const trim = async (
  store: DocumentStore,
  { before = OLD, publicKeys = [signer.pem] }: { before?: UnixMillis; publicKeys?: string[] } = {},
): Promise<TrimOutcome> => await trimAudit(store, { ...BY, before, publicKeys });

/** A chain of 25 old entries, a checkpoint of them, and what came two years later; some is from before the chain. */
async function anOldChain(): Promise<DocumentStore> {
  const clock = simulatedClock(NOON);
  const store = await openTestStore({ clock });
  await tamper(store, (tx) => {
    const legacy = { at: 1, actor: 'kim', operation: 'time.reset', changes: [] } as const;
    for (const id of ['a', 'b', 'c']) tx.create(auditEntries, id, legacy);
  });
  await addSteps(store, 10);
  await checkpointed(store);
  await addSteps(store, 12);
  await checkpointed(store);
  clock.advance(AUDIT_KEPT_AT_LEAST + DAY);
  await addSteps(store, 2);
  return store;
}

const sizes = async (store: DocumentStore): Promise<readonly number[]> => [
  (await allOf(store, auditEntries)).size,
  (await allOf(store, auditChain)).size,
  (await allOf(store, auditCheckpoints)).size,
];

describe('a checkpoint', () => {
  it('is written down with who made it of which entry', async () => {
    const store = await aChain(1);
    const { sequence, hash } = await checkpointed(store);
    expect(sequence).toBe(2);
    expect((await auditedSteps(store)).at(-1)).toMatchObject({
      ...{ sequence: 3, previous: hash, actor: 'alex', operation: 'audit.checkpoint' },
      changes: [{ section: 'checkpoints', id: '2', fields: [{ after: hash }, { after: 'audit' }] }],
    });
  });

  const outcomeOf = async (store: DocumentStore, signingKey = 'audit'): Promise<string> =>
    (await checkpointAudit(store, { ...BY, signingKey, signer })).kind;

  it('is not made of nothing, of a broken chain, or with a key that signs files', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    expect(await outcomeOf(store)).toBe('none');
    await addSteps(store, 3);
    await tamper(store, (tx) => {
      tx.set(signingKeys, 'main', {
        ...{ signingKey: 'export-1', keyId: '310', keyVersion: 'v1', from: 0 },
      });
    });
    expect(await outcomeOf(store, 'export-1')).toBe('key of files');
    await changeEntry(store, 2, { actor: 'kim' });
    expect(await outcomeOf(store)).toBe('broken');
    expect(await allOf(store, auditCheckpoints)).toHaveProperty('size', 0);
  });

  it('of one entry is made once when two make it', async () => {
    const store = await aChain(1);
    const outcomes = await Promise.all([outcomeOf(store), outcomeOf(store)]);
    expect(outcomes.toSorted()).toEqual(['overtaken', 'signed']);
    expect((await verifyAudit(store)).kind).toBe('whole');
  });

  it('is not made of an end that was changed while it was signed', async () => {
    const store = await aChain(3);
    const slow = {
      ...signer,
      publicKey: async () => {
        await addSteps(store, 1);
        await changeEntry(store, 4, { actor: 'kim' });
        return await signer.publicKey();
      },
    };
    const made = await checkpointAudit(store, { ...BY, signingKey: 'audit', signer: slow });
    expect(made.kind).toBe('overtaken');
    expect(await allOf(store, auditCheckpoints)).toHaveProperty('size', 0);
  });
});

describe('a trim', () => {
  it('lets the chain begin behind the newest old checkpoint, and tells who did it', async () => {
    const store = await anOldChain();
    const before = await sizes(store);
    expect(before).toEqual([3, 27, 2]);
    expect(await trim(store)).toEqual({ kind: 'trimmed', root: 24, deleted: 28 });
    expect(await sizes(store)).toEqual([0, 4, 1]);
    expect(await verifyAudit(store, { publicKeys: [signer.pem] })).toMatchObject({
      ...{ kind: 'whole', begins: 'checkpoint', first: { sequence: 25 }, checkpoints: 1 },
    });
    expect((await auditedSteps(store)).at(-1)).toMatchObject({
      ...{ operation: 'audit.trim', actor: 'alex' },
      changes: [
        { fields: [{ before: '0', after: '24', note: 'before 2024-05-01T12:00:00.001Z' }] },
      ],
    });
    await addSteps(store, 1);
    expect((await verifyAudit(store)).kind).toBe('whole');
  });

  it('cannot say anything of a known entry that it deleted, and does of the last of them', async () => {
    const store = await anOldChain();
    const [older, newer] = [...(await allOf(store, auditCheckpoints)).values()];
    await trim(store);
    expect(await verifyAudit(store, { entries: [newer!] })).toMatchObject({ trimmedKnown: [] });
    expect(await verifyAudit(store, { entries: [older!] })).toMatchObject({
      kind: 'whole',
      trimmedKnown: [{ sequence: 11 }],
    });
    const other = { ...newer!, hash: 'f'.repeat(64) };
    expect((await verifyAudit(store, { entries: [other] })).kind).toBe('broken');
  });

  it.each<[string, (store: DocumentStore) => Promise<unknown>, Parameters<typeof trim>[1], string]>(
    [
      [
        'of what is too young',
        async () => {
          await Promise.resolve();
        },
        { before: unixMillis(NOON + 2 * DAY) },
        'too young',
      ],
      [
        'of what no checkpoint is of',
        async () => {
          await Promise.resolve();
        },
        { before: NOON },
        'no checkpoint',
      ],
      [
        'on the word of another key',
        async () => {
          await Promise.resolve();
        },
        { publicKeys: [memorySigner().pem] },
        'broken',
      ],
      [
        'on the word of no key',
        async () => {
          await Promise.resolve();
        },
        { publicKeys: [] },
        'broken',
      ],
      [
        'of a chain that is broken',
        async (store) => {
          await changeEntry(store, 20, { actor: 'kim' });
        },
        {},
        'broken',
      ],
      [
        'behind a checkpoint whose signature does not verify',
        async (store) => {
          await changeCheckpoint(store, 24, { signature: Buffer.from('no') });
        },
        {},
        'broken',
      ],
    ],
  )('%s deletes nothing', async (_, damage, request, kind) => {
    const store = await anOldChain();
    await damage(store);
    const before = await sizes(store);
    expect((await trim(store, request)).kind).toBe(kind);
    expect(await sizes(store)).toEqual(before);
  });

  it('of a store without a chain deletes nothing', async () => {
    const store = await openTestStore({ clock: simulatedClock(unixMillis(NOON + 1000 * DAY)) });
    expect((await trim(store)).kind).toBe('none');
  });

  it('that is done again finds nothing more to do', async () => {
    const store = await anOldChain();
    await trim(store);
    const before = await sizes(store);
    expect(await trim(store)).toEqual({ kind: 'no checkpoint' });
    expect(await sizes(store)).toEqual(before);
  });

  it('that was killed anywhere leaves a whole chain, and is finished by the next', async () => {
    let survived = false;
    for (let after = 1; !survived; after++) {
      const store = await anOldChain();
      survived = await trim(dyingAfter(store, after)).then(
        () => true,
        () => false,
      );
      expect(await verifyAudit(store)).toMatchObject({ kind: 'whole' });
      if (!survived) expect(['trimmed', 'no checkpoint']).toContain((await trim(store)).kind);
      expect(await sizes(store)).toEqual([0, 4, 1]);
      expect(await verifyAudit(store)).toMatchObject({ kind: 'whole', begins: 'checkpoint' });
    }
  });
});

/** The same store, whose process dies once so many writes of it are committed. */
function dyingAfter(store: DocumentStore, writes: number): DocumentStore {
  let left = writes;
  const dying =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const done = await work(...args);
      left -= 1;
      if (left <= 0) throw new Error('killed');
      return done;
    };
  return Object.assign(Object.create(store) as DocumentStore, {
    transact: dying(store.transact.bind(store)),
    deleteAll: dying(store.deleteAll.bind(store)),
  });
}

describe('a new chain', () => {
  it('begins behind a broken one, which stays, and says what was wrong', async () => {
    const store = await aChain(4);
    await checkpointed(store);
    await changeEntry(store, 3, undefined);
    expect(await restartAudit(store, BY)).toEqual({
      ...{ kind: 'begun anew', sequence: 7, reason: 'entry 3 is gone' },
    });
    await addSteps(store, 1);
    const verdict = await verifyAudit(store);
    expect(verdict).toMatchObject({
      ...{ kind: 'whole', begins: 'anew' },
      first: { sequence: 7, operation: 'audit.restart', actor: 'alex' },
    });
    expect((await allOf(store, auditChain)).size).toBe(7);
    const [, restarted] = await readAudit(store, { limit: 10 });
    expect(restarted?.changes[0]?.fields).toContainEqual(
      expect.objectContaining({ field: 'reason', after: 'entry 3 is gone' }),
    );
  });

  it('is no answer to whoever knows an entry of the old one', async () => {
    const store = await aChain(4);
    const entries = [await checkpointed(store)];
    await tamper(store, (tx) => {
      tx.delete(auditHeads, 'head');
    });
    await restartAudit(store, BY);
    expect(await verifyAudit(store, { entries })).toEqual({
      kind: 'broken',
      sentence: 'entry 5 is known, and the chain was begun anew after it, with entry 7',
    });
  });

  it('begins where a chain has vanished without a trace but the mark', async () => {
    const store = await aChain(1);
    for (const n of [1, 2]) await changeEntry(store, n, undefined);
    await tamper(store, (tx) => {
      tx.delete(auditHeads, 'head');
    });
    expect(await restartAudit(store, BY)).toMatchObject({ kind: 'begun anew', sequence: 1 });
    await addSteps(store, 1);
    expect(await verifyAudit(store)).toMatchObject({ kind: 'whole', begins: 'anew' });
  });

  it('is not begun where nothing is broken', async () => {
    const store = await aChain(2);
    expect((await restartAudit(store, BY)).kind).toBe('whole');
    const empty = await openTestStore({ clock: simulatedClock(NOON) });
    expect((await restartAudit(empty, BY)).kind).toBe('none');
    expect(await store.get(storeParts, ['audit'])).toHaveLength(1);
    expect(await empty.get(auditHeads, ['head'])).toEqual([undefined]);
  });

  it('is not deleted with, or behind, a checkpoint of the old one', async () => {
    const store = await anOldChain();
    await changeEntry(store, 3, undefined);
    await restartAudit(store, BY);
    const before = await sizes(store);
    expect((await trim(store)).kind).toBe('no checkpoint');
    expect(await sizes(store)).toEqual(before);
  });
});

describe('reading', () => {
  it('gives the newest steps first, so many of those that are wanted', async () => {
    const clock = simulatedClock(NOON);
    const store = await aChain(50, clock);
    clock.advance(DAY);
    await addSteps(store, 3);
    const numbers = async (filter: Omit<Parameters<typeof readAudit>[1], 'limit'>, limit = 100) =>
      (await readAudit(store, { ...filter, limit })).map(({ link }) => link?.sequence);
    expect(await numbers({}, 3)).toEqual([54, 53, 52]);
    expect(await numbers({})).toHaveLength(54);
    expect(await numbers({ since: unixMillis(NOON + DAY) })).toEqual([54, 53, 52]);
    expect(await numbers({ operation: 'audit.begin' })).toEqual([1]);
    expect(await numbers({ operation: 'jobs.run' }, 2)).toEqual([53, 51]);
    expect(await numbers({ operation: 'time.reset' })).toEqual([]);
  });

  it('ends with what is from before the chain, the newest of it first', async () => {
    const store = await openTestStore({ clock: simulatedClock(NOON) });
    await tamper(store, (tx) => {
      for (const [n, id] of ['b', 'c', 'a'].entries())
        tx.create(auditEntries, id, { at: n, actor: 'kim', operation: 'time.reset', changes: [] });
    });
    await addSteps(store, 1);
    const all = await readAudit(store, { limit: 4 });
    expect(all.map(({ at }) => at)).toEqual([NOON, NOON, 2, 1]);
    expect(all.map(({ link }) => link?.sequence)).toEqual([2, 1, undefined, undefined]);
  });
});
