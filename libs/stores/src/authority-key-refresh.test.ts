import type { DocumentStore } from '@keyserver/docstore';
import { type HealthAuthority, type ServedKey, keyFingerprint } from '@keyserver/health-authority';
import { systemRandom } from '@keyserver/random';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { DAY, HOUR, MINUTE, type SimulatedClock, simulatedClock } from '@keyserver/time';
import {
  allowAuthorityKey,
  authorityDocument,
  authorityKeySets,
  findAuthority,
  forgetKeySet,
  healthAuthorities,
  readAuthorityKeys,
  recordRefreshFailure,
  recordServedKeys,
  revokeAuthorityKey,
} from './index.ts';
import { auditedSteps } from './testing/audited-steps.ts';
import { forgetful } from './testing/unreliable-store.ts';
import { NOON } from './testing/uploads.ts';

const END_AFTER = 5 * MINUTE;
const by = { actor: 'job', random: systemRandom };
const authority: HealthAuthority = {
  ...{ id: 7, issuer: 'doh.example.gov', audience: 'keys.example.org', name: 'Health' },
  ...{ keys: [], jwks: 'https://doh.example.gov/jwks.json', stats: true },
};
const served = (...names: readonly string[]): readonly ServedKey[] =>
  names.map((name) => ({ version: name, publicKey: `PEM ${name}` }));
const fingerprint = (name: string): string => keyFingerprint(`PEM ${name}`);

let store: DocumentStore;
let clock: SimulatedClock;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
  await configure(authority);
});
afterEach(closeTestStores);

const configure = async (configured: HealthAuthority): Promise<void> => {
  await store.transact((tx) => {
    tx.set(healthAuthorities, String(configured.id), authorityDocument(configured));
    return Promise.resolve();
  });
};
const unconfigure = async (): Promise<void> => {
  await store.transact((tx) => {
    tx.delete(healthAuthorities, '7');
    return Promise.resolve();
  });
};
const keySet = async () => (await readAuthorityKeys(store)).authorities[0]?.keySet;
const revision = async (): Promise<number> => (await keySet())?.revision ?? 0;
const learn = async (names: readonly string[], { at = -1, on = store, than = authority } = {}) =>
  await recordServedKeys(
    on,
    { authority: than, revision: at === -1 ? await revision() : at },
    { ...by, served: served(...names), endAfter: END_AFTER, noteEvery: 15 * MINUTE },
  );
const fail = async ({ at = -1, on = store } = {}) =>
  await recordRefreshFailure(
    on,
    { authority, revision: at === -1 ? await revision() : at },
    { random: systemRandom, problem: 'unreachable', pause: (failures) => failures * MINUTE },
  );
const inForce = async (issuer = authority.issuer): Promise<readonly string[]> => {
  const now = await store.now();
  const found = await findAuthority(store)(issuer);
  return (found?.keys ?? [])
    .filter(({ from, thru }) => from <= now && (thru === undefined || now < thru))
    .map(({ version }) => version)
    .toSorted();
};
const audited = async () => await auditedSteps(store);
/** Answers with these keys alone until what is missing has ended. */
const onlyServe = async (...names: readonly string[]): Promise<void> => {
  for (let n = 0; n < 4; n += 1) {
    await learn(names);
    clock.advance(2 * MINUTE);
  }
};

describe('learning what an authority serves', () => {
  it('lets its keys count from now on, and writes down who changed what', async () => {
    expect(await learn(['a', 'b'])).toEqual({
      ...{ kind: 'refreshed', added: 2, ended: 0, reinstated: 0, live: 2 },
    });
    expect(await inForce()).toEqual(['a', 'b']);
    expect((await findAuthority(store)(authority.issuer))?.keys[0]).toMatchObject({ from: NOON });
    expect(await audited()).toMatchObject([
      {
        ...{ at: NOON, actor: 'job', operation: 'authority.refresh-keys' },
        changes: [
          {
            ...{ action: 'change', section: 'authorities', id: '7' },
            fields: [
              {
                ...{ field: 'learnedKeys.a', after: 'in force' },
                note: `sha256:${fingerprint('a')}`,
              },
              { field: 'learnedKeys.b' },
            ],
          },
        ],
      },
    ]);
  });

  it('writes nothing when the same is served again', async () => {
    await learn(['a', 'b']);
    const before = await keySet();
    clock.advance(2 * MINUTE);
    expect(await learn(['b', 'a'])).toEqual({ kind: 'unchanged' });
    expect(await keySet()).toEqual(before);
    expect(await audited()).toHaveLength(1);
  });

  it('notes a good answer now and then, so that silence is noticed', async () => {
    await learn(['a']);
    clock.advance(15 * MINUTE);
    expect(await learn(['a'])).toEqual({ kind: 'unchanged' });
    expect(await keySet()).toMatchObject({ answeredAt: NOON + 15 * MINUTE });
    expect(await audited()).toHaveLength(1);
  });

  it('ends a key that answers lack for long enough, and no key for one of them', async () => {
    await learn(['a', 'b']);
    clock.advance(DAY);
    expect(await learn(['a'])).toEqual({ kind: 'unchanged' });
    expect(await inForce()).toEqual(['a', 'b']);
    clock.advance(END_AFTER);
    expect(await learn(['a'])).toMatchObject({ ended: 1, live: 1 });
    expect(await inForce()).toEqual(['a']);
    const ended = await keySet();
    clock.advance(2 * MINUTE);
    await learn(['a']);
    expect(await keySet()).toEqual(ended);
  });

  it('lets a key that reappears count again', async () => {
    await learn(['a', 'b']);
    await onlyServe('a');
    expect(await inForce()).toEqual(['a']);
    expect(await learn(['a', 'b'])).toMatchObject({ added: 0, reinstated: 1 });
    expect(await inForce()).toEqual(['a', 'b']);
  });

  it('does not let an answer undo what was written since it was asked for', async () => {
    await learn(['old']);
    const before = await revision();
    await learn(['old', 'new']);
    expect(await learn(['old'], { at: before })).toEqual({ kind: 'overtaken' });
    expect(await fail({ at: before })).toEqual({ kind: 'overtaken' });
    expect(await keySet()).toMatchObject({
      ...{ failures: 0, problem: undefined },
      keys: [
        { version: 'new', missingSince: undefined },
        { version: 'old', missingSince: undefined },
      ],
    });
  });

  it('lets one of two that refresh at once win, and the other change nothing', async () => {
    const at = await revision();
    const outcomes = await Promise.all([learn(['a'], { at }), learn(['a', 'b'], { at })]);
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(['overtaken', 'refreshed']);
    expect(await audited()).toHaveLength(1);
    expect(await revision()).toBe(1);
  });

  it('says what it did, and does it once, when the outcome of the commit was not heard of', async () => {
    const on = forgetful(store);
    expect(await learn(['a'], { on })).toMatchObject({ kind: 'refreshed', added: 1 });
    expect(await fail({ on })).toEqual({ kind: 'failed', failures: 1 });
    expect(await revision()).toBe(2);
    expect(await audited()).toHaveLength(1);
  });

  it.each([
    ['is gone', unconfigure],
    [
      'serves its keys elsewhere',
      async () => {
        await configure({ ...authority, jwks: 'https://b.example' });
      },
    ],
    [
      'has another issuer',
      async () => {
        await configure({ ...authority, issuer: 'b.example' });
      },
    ],
  ])('learns nothing when the authority %s since it was asked', async (_what, change) => {
    await change();
    expect(await learn(['a'], { at: 0 })).toEqual({ kind: 'overtaken' });
    expect(await fail({ at: 0 })).toEqual({ kind: 'overtaken' });
    expect(await store.get(authorityKeySets, ['7'])).toEqual([undefined]);
  });
});

describe('an authority that cannot be learned from', () => {
  it('keeps its keys, is left alone for a while, and is as before after a good answer', async () => {
    await learn(['a']);
    for (const failures of [1, 2]) {
      expect(await fail()).toEqual({ kind: 'failed', failures });
      expect(await keySet()).toMatchObject({
        ...{ failures, problem: 'unreachable', notBefore: clock.now() + failures * MINUTE },
      });
      clock.advance(HOUR);
    }
    expect(await inForce()).toEqual(['a']);
    expect(await learn(['a'])).toEqual({ kind: 'unchanged' });
    expect(await keySet()).toMatchObject({
      ...{ failures: 0, problem: undefined, notBefore: 0, answeredAt: NOON + 2 * HOUR },
    });
  });

  it('is known to have been asked since its first failure', async () => {
    await fail();
    clock.advance(HOUR);
    await fail();
    expect(await keySet()).toMatchObject({ since: NOON, answeredAt: undefined, failures: 2 });
  });
});

describe('the keys of an authority', () => {
  it('are those of the configuration too, which decides about a key that both name', async () => {
    const key = { version: 'hand', publicKey: 'PEM a', from: NOON, thru: undefined };
    await configure({ ...authority, keys: [key] });
    await learn(['a', 'b']);
    expect(await inForce()).toEqual(['b', 'hand']);
    await configure({ ...authority, keys: [{ ...key, thru: clock.now() }] });
    expect(await inForce()).toEqual(['b']);
  });

  it('are not what was learned while the configuration says nothing of where they are served', async () => {
    await learn(['a']);
    const { jwks: _, ...silent } = authority;
    await configure(silent);
    expect(await inForce()).toEqual([]);
  });

  it('are not inherited by another authority that gets the same id', async () => {
    await learn(['a']);
    await configure({ ...authority, issuer: 'b.example' });
    expect(await inForce('b.example')).toEqual([]);
    expect(
      await learn(['b'], { at: 1, than: { ...authority, issuer: 'b.example' } }),
    ).toMatchObject({
      ...{ kind: 'refreshed', added: 1, live: 1 },
    });
    expect(await inForce('b.example')).toEqual(['b']);
  });

  it.each([
    ['is gone', unconfigure],
    [
      'does not say any more where it serves keys',
      async () => {
        const { jwks: _, ...silent } = authority;
        await configure(silent);
      },
    ],
  ])('are forgotten when the authority %s, and not before', async (_what, change) => {
    await learn(['a']);
    expect((await readAuthorityKeys(store)).strays).toEqual([]);
    expect(await forgetKeySet(store, '7')).toBe(false);
    await change();
    expect((await readAuthorityKeys(store)).strays).toEqual(['7']);
    expect(await forgetKeySet(store, '7')).toBe(true);
    expect(await forgetKeySet(store, '7')).toBe(false);
    await configure(authority);
    expect(await inForce()).toEqual([]);
  });
});

describe('a key that an operator revoked', () => {
  const revoke = async (name: string, on = store) =>
    await revokeAuthorityKey(on, { authority: 7, fingerprint: fingerprint(name) }, by);
  const allow = async (name: string) =>
    await allowAuthorityKey(store, { authority: 7, fingerprint: fingerprint(name) }, by);

  it('does not count, however often it is served, and under whatever kid', async () => {
    await learn(['a', 'b']);
    expect(await revoke('a')).toEqual({ kind: 'done' });
    expect(await revoke('a')).toEqual({ kind: 'unchanged' });
    await onlyServe('b');
    await learn(['a', 'b']);
    expect(await inForce()).toEqual(['b']);
    await recordServedKeys(
      store,
      { authority, revision: await revision() },
      {
        ...by,
        served: [{ version: 'c', publicKey: 'PEM a' }],
        ...{ endAfter: END_AFTER, noteEvery: HOUR },
      },
    );
    expect(await inForce()).toEqual(['b']);
  });

  it('counts again once it is allowed', async () => {
    await learn(['a']);
    await revoke('a');
    expect(await allow('a')).toEqual({ kind: 'done' });
    expect(await allow('a')).toEqual({ kind: 'unchanged' });
    expect(await inForce()).toEqual(['a']);
    expect((await audited()).map(({ operation }) => operation).toSorted()).toEqual([
      ...['authority.allow-key', 'authority.refresh-keys', 'authority.revoke-key'],
    ]);
  });

  it('is revoked once when the outcome of the commit was not heard of', async () => {
    await learn(['a']);
    expect(await revoke('a', forgetful(store))).toEqual({ kind: 'done' });
    expect(await audited()).toHaveLength(2);
  });

  it('stays revoked when its authority was gone for a while', async () => {
    await learn(['a', 'b']);
    await revoke('a');
    await unconfigure();
    expect(await forgetKeySet(store, '7')).toBe(true);
    expect((await readAuthorityKeys(store)).strays).toEqual([]);
    await configure(authority);
    await learn(['a', 'b']);
    expect(await inForce()).toEqual(['b']);
  });

  it('overtakes an answer that was asked for before', async () => {
    await learn(['a']);
    const at = await revision();
    await revoke('a');
    expect(await learn(['a', 'b'], { at })).toEqual({ kind: 'overtaken' });
  });

  it.each([
    ['of no authority', 8, 'a', 'no authority'],
    ['that nobody has served', 7, 'z', 'no key'],
  ])('cannot be one %s', async (_what, id, name, kind) => {
    await learn(['a']);
    const order = { authority: id, fingerprint: fingerprint(name) };
    expect(await revokeAuthorityKey(store, order, by)).toEqual({ kind });
    expect(await audited()).toHaveLength(1);
  });

  it('cannot be one that the configuration names', async () => {
    const key = { version: 'hand', publicKey: 'PEM a', from: NOON, thru: undefined };
    await configure({ ...authority, keys: [key] });
    await learn(['a']);
    expect(await revoke('a')).toEqual({ kind: 'configured' });
  });
});
