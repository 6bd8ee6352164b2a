import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { auditChain, auditHeads, storeParts } from '@keyserver/stores';
import { simulatedClock } from '@keyserver/time';
import { readAudit } from './read-audit.ts';
import { restartAudit } from './restart-audit.ts';
import {
  BY,
  NOON,
  aChain,
  addSteps,
  allOf,
  changeEntry,
  checkpointed,
  loseHead,
} from './testing/a-chain.ts';
import { verifyAudit } from './verify-audit.ts';

afterEach(closeTestStores);

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
    await loseHead(store);
    await restartAudit(store, BY);
    expect(await verifyAudit(store, { entries })).toEqual({
      kind: 'broken',
      sentence: 'entry 5 is known, and the chain was begun anew after it, with entry 7',
    });
  });

  it('begins where a chain has vanished without a trace but the mark', async () => {
    const store = await aChain(1);
    for (const n of [1, 2]) await changeEntry(store, n, undefined);
    await loseHead(store);
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
});
