import type { DocumentStore } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { auditCheckpoints, signingKeys } from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { simulatedClock } from '@keyserver/time';
import { checkpointAudit } from './checkpoint-audit.ts';
import {
  BY,
  NOON,
  aChain,
  addSteps,
  allOf,
  changeEntry,
  checkpointed,
  signer,
  tamper,
} from './testing/a-chain.ts';
import { verifyAudit } from './verify-audit.ts';

afterEach(closeTestStores);

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
