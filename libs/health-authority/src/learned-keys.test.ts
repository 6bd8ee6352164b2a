import { DAY, MINUTE, type UnixMillis, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { type LearnedKey, keyFingerprint, keysInUse, learnKeys } from './index.ts';

const NOON = unixMillis(1_767_960_000_000);
const END_AFTER = 5 * MINUTE;
const after = (ms: number): UnixMillis => unixMillis(NOON + ms);
const aKey = (name: string, version = name) => ({ version, publicKey: `PEM ${name}` });
const known = (name: string, than: Partial<LearnedKey> = {}): LearnedKey => ({
  ...{ ...aKey(name), from: after(-DAY), thru: undefined, missingSince: undefined },
  ...than,
});
const learn = (before: readonly LearnedKey[], served: readonly string[], now = NOON) =>
  learnKeys(
    before,
    served.map((name) => aKey(name)),
    { now, endAfter: END_AFTER },
  );

describe('learning keys', () => {
  it('lets what is new count at once', () => {
    const { keys, added, differs } = learn([], ['a', 'b']);
    expect(keys).toEqual(['a', 'b'].map((name) => known(name, { from: NOON })));
    expect([added.length, differs]).toEqual([2, true]);
  });

  it('changes nothing when the same is served again', () => {
    const before = [known('a'), known('b')];
    expect(learn(before, ['b', 'a'])).toEqual({
      ...{ keys: before, added: [], ended: [], reinstated: [], differs: false },
    });
  });

  it('ends no key for one answer that lacks it, however long the pause before was', () => {
    const { keys, ended, differs } = learn([known('a'), known('b')], ['a'], after(30 * DAY));
    expect(keys[1]).toEqual(known('b', { missingSince: after(30 * DAY) }));
    expect([ended, differs]).toEqual([[], true]);
  });

  it('ends a key once answers have lacked it for long enough, and not a moment sooner', () => {
    const missing = [known('a'), known('b', { missingSince: NOON })];
    expect(learn(missing, ['a'], after(END_AFTER - 1))).toMatchObject({
      ended: [],
      differs: false,
    });
    const { keys, ended } = learn(missing, ['a'], after(END_AFTER));
    expect(ended).toHaveLength(1);
    expect(keys[1]).toEqual(known('b', { thru: after(END_AFTER) }));
  });

  it('forgets that a key was missing when it is served again', () => {
    const { keys, reinstated } = learn([known('b', { missingSince: NOON })], ['b'], after(MINUTE));
    expect(keys).toEqual([known('b')]);
    expect(reinstated).toEqual([]);
  });

  it('does not move an end that was found', () => {
    const before = [known('a'), known('b', { thru: NOON })];
    expect(learn(before, ['a'], after(DAY))).toMatchObject({ keys: before, differs: false });
  });

  it('lets an ended key count again when it reappears', () => {
    const { keys, reinstated, added } = learn([known('b', { thru: NOON })], ['b'], after(DAY));
    expect(keys).toEqual([known('b')]);
    expect([reinstated.length, added.length]).toEqual([1, 0]);
  });

  it('forgets a key 30 days after its end', () => {
    const before = [known('a'), known('b', { thru: NOON })];
    expect(learn(before, ['a'], after(30 * DAY - 1)).keys).toHaveLength(2);
    expect(learn(before, ['a'], after(30 * DAY))).toMatchObject({
      keys: [known('a')],
      differs: true,
    });
  });

  it('sees a difference where as many keys are new as are forgotten', () => {
    const before = [known('a'), known('b', { thru: NOON })];
    expect(learn(before, ['a', 'c'], after(30 * DAY)).differs).toBe(true);
  });

  it('takes another key under an old kid for another key, and the old one ends in its time', () => {
    const again = { version: 'a', publicKey: 'PEM other' };
    const first = learnKeys([known('a')], [again], { now: NOON, endAfter: END_AFTER });
    expect(first.keys).toEqual([
      { ...again, from: NOON, thru: undefined, missingSince: undefined },
      known('a', { missingSince: NOON }),
    ]);
    expect(keysInUse([], { keys: first.keys, revoked: [] }).map((key) => key.publicKey)).toEqual([
      'PEM other',
      'PEM a',
    ]);
  });

  it('takes times that have not come for those of a wrong clock', () => {
    const ahead = after(DAY);
    const before = [known('a', { from: ahead }), known('b', { from: ahead, missingSince: ahead })];
    const { keys } = learn(before, ['a']);
    expect(keys).toEqual([
      known('a', { from: NOON }),
      known('b', { from: NOON, missingSince: NOON }),
    ]);
    expect(learn([known('b', { thru: ahead })], ['a']).keys[1]).toEqual(known('b', { thru: NOON }));
  });

  it('keeps 200 keys at most, the ones that are served first', () => {
    const names = Array.from({ length: 150 }, (_, n) => `old-${n}`);
    const before = names.map((name, n) => known(name, { missingSince: after(-n) }));
    const served = Array.from({ length: 100 }, (_, n) => `new-${n}`);
    const { keys } = learn(before, served);
    expect(keys).toHaveLength(200);
    expect(keys.filter(({ version }) => version.startsWith('new-'))).toHaveLength(100);
    expect(keys.map(({ version }) => version)).toContain('old-0');
    expect(keys.map(({ version }) => version)).not.toContain('old-149');
  });

  it('ends with what is served last, whatever was served before, and keeps every key that is served', () => {
    const answers = fc.array(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
      {
        ...{ minLength: 1, maxLength: 20 },
      },
    );
    fc.assert(
      fc.property(answers, (all) => {
        let keys: readonly LearnedKey[] = [];
        let now = NOON;
        for (const served of all) {
          now = unixMillis(now + MINUTE);
          keys = learn(keys, served, now).keys;
          const live = keys.filter(({ thru }) => thru === undefined).map((key) => key.version);
          expect(live).toEqual(expect.arrayContaining(served));
        }
        const last = all.at(-1)!;
        for (const later of [MINUTE, 10 * MINUTE])
          keys = learn(keys, last, unixMillis(now + later)).keys;
        const live = keys.filter(({ thru }) => thru === undefined).map((key) => key.version);
        expect(live.toSorted()).toEqual(last.toSorted());
        expect(learn(keys, last, unixMillis(now + 11 * MINUTE)).differs).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the keys that certificates are checked with', () => {
  const given = { version: 'hand', publicKey: 'PEM hand', from: NOON, thru: after(DAY) };
  const inUse = (keys: readonly LearnedKey[], revoked: readonly string[] = []) =>
    keysInUse([given], {
      keys,
      revoked: revoked.map((name) => ({ fingerprint: keyFingerprint(`PEM ${name}`), at: NOON })),
    });

  it('are those of the configuration, and then the learned ones, the newest first', () => {
    const keys = [known('old'), known('new', { from: NOON }), known('gone', { thru: NOON })];
    expect(inUse(keys)).toEqual([
      given,
      { ...aKey('new'), from: NOON, thru: undefined },
      { ...aKey('old'), from: after(-DAY), thru: undefined },
      { ...aKey('gone'), from: after(-DAY), thru: NOON },
    ]);
  });

  it('are decided by the configuration where it names the same key, under whatever kid', () => {
    expect(inUse([known('hand'), known('hand', { version: 'else' })])).toEqual([given]);
  });

  it('end when an operator revoked them, under whatever kid, and not later than they did before', () => {
    const keys = [known('a'), known('a', { version: 'b' }), known('c', { thru: after(-1) })];
    expect(
      inUse(keys, ['a', 'c'])
        .slice(1)
        .map(({ thru }) => thru),
    ).toEqual([NOON, NOON, after(-1)]);
  });
});
