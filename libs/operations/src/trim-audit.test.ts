import type { DocumentStore } from '@keyserver/docstore';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { auditChain, auditCheckpoints, auditEntries } from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { DAY, type UnixMillis, simulatedClock, unixMillis } from '@keyserver/time';
import { restartAudit } from './restart-audit.ts';
import {
  BY,
  EARLIER,
  NOON,
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
    for (const id of ['a', 'b', 'c']) tx.create(auditEntries, id, EARLIER);
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

const untouched = async (): Promise<void> => {
  await Promise.resolve();
};

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
      ['of what is too young', untouched, { before: unixMillis(NOON + 2 * DAY) }, 'too young'],
      ['of what no checkpoint is of', untouched, { before: NOON }, 'no checkpoint'],
      ['on the word of another key', untouched, { publicKeys: [memorySigner().pem] }, 'broken'],
      ['on the word of no key', untouched, { publicKeys: [] }, 'broken'],
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

  it('of a chain that was begun anew deletes nothing behind, or with, a checkpoint of the old one', async () => {
    const store = await anOldChain();
    await changeEntry(store, 3, undefined);
    await restartAudit(store, BY);
    const before = await sizes(store);
    expect((await trim(store)).kind).toBe('no checkpoint');
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
