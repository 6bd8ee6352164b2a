import { intervalNumber, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import type { Upload } from './key-store.ts';
import { type ExposureKey, type ReportType, type RevisableKey, keyHex } from './key.ts';
import { type Reconciliation, type StoredKey, reconcile } from './reconcile.ts';

const WINDOW = unixMillis(Date.UTC(2021, 4, 4, 10));
const key = (n: number, fields: Partial<ExposureKey> = {}): ExposureKey => ({
  data: new Uint8Array(16).fill(n),
  start: intervalNumber(2_700_000),
  period: 144,
  risk: 2,
  reportType: 'confirmed',
  onsetDays: 0,
  ...fields,
});
const primary: StoredKey['primary'] = {
  ...{ id: 'a', window: WINDOW, origin: 'local', sourceId: '', traveler: false, app: 'app' },
  ...{ regions: ['US'], authority: undefined },
};
const aStored = (stored: ExposureKey, fields: Partial<StoredKey> = {}): StoredKey => ({
  ...{ key: stored, primary, revision: undefined, isFresh: false },
  ...fields,
});
const storedAs = (...stored: readonly StoredKey[]): ReadonlyMap<string, StoredKey> =>
  new Map(stored.map((one) => [keyHex(one.key.data), one]));
const tokenOf = (...keys: readonly ExposureKey[]): readonly RevisableKey[] =>
  keys.map(({ data, start, period }) => ({ data, start, period }));
const revisedTo = (reportType: ReportType) => ({
  revision: { key: key(1, { reportType }), window: WINDOW },
});

/** What becomes of an upload of the app `app` in the US. */
function outcomeOf(
  keys: readonly ExposureKey[],
  stored: ReadonlyMap<string, StoredKey>,
  upload: Partial<Upload> & { readonly partialRevisions?: boolean } = {},
): Reconciliation {
  const { partialRevisions = false, ...rest } = upload;
  const whole = { keys, token: 'none', bypassToken: false, app: 'app', regions: ['US'], ...rest };
  return reconcile(whole as Upload, stored, { partialRevisions });
}
const refusal = (code: string) => ({ kind: 'refused', code });
const nothing = { kind: 'store', primaries: [], revisions: [], counts: false, revisable: [] };

describe('an upload of new keys', () => {
  it.each<Upload['token']>(['none', 'unreadable', tokenOf(key(9))])(
    'is stored with the token %j',
    (token) => {
      const keys = [key(1), key(2)];
      expect(outcomeOf(keys, storedAs(aStored(key(3))), { token })).toEqual({
        ...{ kind: 'store', primaries: keys, revisions: [], counts: true },
        revisable: tokenOf(...keys),
      });
    },
  );

  it('that a negative result came with is counted and listed, and not stored', () => {
    const negative = key(1, { reportType: 'negative' });
    expect(outcomeOf([negative], storedAs())).toEqual({
      ...{ kind: 'store', primaries: [], revisions: [], counts: true },
      revisable: tokenOf(negative),
    });
  });

  it('is nothing when it holds no keys', () => {
    expect(outcomeOf([], storedAs(aStored(key(1))))).toEqual(nothing);
  });
});

describe('a key that is stored', () => {
  const likely = key(1, { reportType: 'likely' });
  const stored = storedAs(aStored(likely));
  const token = tokenOf(likely);

  it.each([
    ['none', 'missing_revision_token'],
    ['unreadable', 'invalid_revision_token'],
    [tokenOf(key(2)), 'invalid_revision_token'],
    [[], 'invalid_revision_token'],
  ] as const)('is refused with the token %j as %s', (sent, code) => {
    expect(outcomeOf([key(1)], stored, { token: sent })).toEqual(refusal(code));
  });

  it('refuses the new keys beside it too', () => {
    expect(outcomeOf([key(2), key(1)], stored)).toEqual(refusal('missing_revision_token'));
  });

  it('is left out, where the server is set so, when the token does not hold it', () => {
    const options = { token: tokenOf(key(2)), partialRevisions: true };
    expect(outcomeOf([key(1), key(3)], stored, options)).toMatchObject({ primaries: [key(3)] });
    expect(outcomeOf([key(1)], stored, options)).toEqual(nothing);
    expect(outcomeOf([key(1)], stored, { partialRevisions: true })).toEqual(
      refusal('missing_revision_token'),
    );
  });

  it.each([
    ['start', { start: intervalNumber(2_700_001) }],
    ['period', { period: 143 }],
  ])('is refused with another %s, in the upload or in its token', (_, other) => {
    const changed = { ...key(1), ...other };
    expect(outcomeOf([changed], stored, { token })).toEqual(refusal('internal_error'));
    expect(outcomeOf([key(1)], stored, { token: tokenOf(changed) })).toEqual(
      refusal('invalid_revision_token'),
    );
    expect(outcomeOf([changed], stored, { bypassToken: true })).toMatchObject({
      revisions: [{ key: { start: 2_700_000, period: 144 } }],
    });
  });

  it('is revised to what the upload says of it, as the key that it was', () => {
    const revised = key(1, { risk: 7, onsetDays: 3 });
    expect(outcomeOf([revised], stored, { token })).toEqual({
      ...{ kind: 'store', primaries: [], counts: true },
      revisions: [{ stored: aStored(likely), key: revised }],
      revisable: token,
    });
  });

  it.each([
    ['of another app', { app: 'other' }],
    ['of a region that is not the app’s', { regions: ['US', 'CA'] }],
    ['of another server', { app: '', origin: 'federated' as const }],
  ])('%s is refused like one without a token, whatever the app may do', (_, of) => {
    const foreign = storedAs(aStored(likely, { primary: { ...primary, ...of }, isFresh: true }));
    expect(outcomeOf([likely], foreign)).toEqual(refusal('missing_revision_token'));
    expect(outcomeOf([key(1)], foreign, { bypassToken: true })).toEqual(
      refusal('missing_revision_token'),
    );
    expect(outcomeOf([key(1)], foreign, { token })).toEqual(refusal('invalid_revision_token'));
    expect(outcomeOf([key(1)], foreign, { token, partialRevisions: true })).toEqual(nothing);
  });

  it('of another server is never revised, even under an app of the same name', () => {
    const imported = aStored(likely, { primary: { ...primary, origin: 'imported' } });
    expect(outcomeOf([key(1)], storedAs(imported), { token })).toEqual(refusal('internal_error'));
  });
});

describe('an upload that is sent again because its answer was lost', () => {
  const sent = key(1);
  const fresh = aStored(sent, { isFresh: true });

  it('changes nothing and is given a token', () => {
    expect(outcomeOf([sent], storedAs(fresh))).toEqual({ ...nothing, revisable: tokenOf(sent) });
    expect(outcomeOf([sent], storedAs(fresh), { token: tokenOf(key(2)) })).toMatchObject({
      revisable: tokenOf(sent),
    });
  });

  it('stores the keys that were not in it', () => {
    expect(outcomeOf([sent, key(2)], storedAs(fresh))).toMatchObject({
      ...{ primaries: [key(2)], revisions: [] },
      revisable: tokenOf(sent, key(2)),
    });
  });

  it.each([
    ['after the window', {}, {}],
    ['with another report type', { isFresh: true }, { reportType: 'likely' as const }],
    ['with another period', { isFresh: true }, { period: 12 }],
    [
      'of a generated key',
      { isFresh: true, primary: { ...primary, origin: 'padding' as const } },
      {},
    ],
  ])('is refused %s', (_, of, changed) => {
    const again = { ...sent, ...changed };
    expect(outcomeOf([again], storedAs(aStored(sent, of)))).toEqual(
      refusal('missing_revision_token'),
    );
  });
});

describe('a revision', () => {
  const TYPES: readonly ReportType[] = ['', 'user-report', 'likely', 'confirmed', 'negative'];
  const ALLOWED: readonly (readonly [ReportType, ReportType])[] = [
    ['user-report', 'confirmed'],
    ['user-report', 'likely'],
    ['user-report', 'negative'],
    ['likely', 'confirmed'],
    ['likely', 'negative'],
    ['', 'confirmed'],
    ['', 'negative'],
  ];
  const kindOf = (from: ReportType, to: ReportType): string => {
    if (from === to) return 'unchanged';
    return ALLOWED.some(([a, b]) => a === from && b === to) ? 'revised' : 'refused';
  };

  it.each(TYPES.flatMap((from) => TYPES.map((to) => [from, to, kindOf(from, to)] as const)))(
    'from %j to %j is %s',
    (from, to, kind) => {
      const before = key(1, { reportType: from });
      const outcome = outcomeOf([key(1, { reportType: to })], storedAs(aStored(before)), {
        token: tokenOf(before),
      });
      if (kind === 'refused') expect(outcome).toEqual(refusal('invalid_report_type_transition'));
      else if (kind === 'unchanged') expect(outcome).toEqual(nothing);
      else expect(outcome).toMatchObject({ revisions: [{ key: { reportType: to } }] });
    },
  );

  it('comes once ever, and changes nothing when it is repeated, or goes back to what the key was', () => {
    const before = key(1, { reportType: 'user-report' });
    const stored = storedAs(aStored(before, revisedTo('confirmed')));
    const send = (reportType: ReportType) =>
      outcomeOf([key(1, { reportType })], stored, { token: tokenOf(before) });
    expect(send('confirmed')).toEqual(nothing);
    expect(send('user-report')).toEqual(nothing);
    expect(send('negative')).toEqual(refusal('key_already_revised'));
    expect(send('likely')).toEqual(refusal('key_already_revised'));
  });

  it('needs no token where the app may do without, and is refused for a token that cannot be read all the same', () => {
    const stored = storedAs(aStored(key(1, { reportType: 'likely' })));
    const revised = { revisions: [{ key: { reportType: 'confirmed' } }] };
    expect(outcomeOf([key(1)], stored, { bypassToken: true })).toMatchObject(revised);
    expect(outcomeOf([key(1)], stored, { bypassToken: true, token: 'unreadable' })).toMatchObject(
      revised,
    );
    const back = [key(1, { reportType: '' })];
    expect(outcomeOf(back, stored, { bypassToken: true, token: 'unreadable' })).toEqual(
      refusal('invalid_revision_token'),
    );
  });

  it('takes nothing when one of its keys must not be revised', () => {
    const before = [key(1, { reportType: 'likely' }), key(2)];
    const stored = storedAs(...before.map((one) => aStored(one)));
    const negative = before.map((one) => ({ ...one, reportType: 'negative' as const }));
    expect(outcomeOf(negative, stored, { token: tokenOf(...before) })).toEqual(
      refusal('invalid_report_type_transition'),
    );
  });
});

describe('a generated key', () => {
  it('is answered in every mode like the key of another person', () => {
    const types = fc.constantFrom<ReportType>('', 'confirmed', 'likely', 'user-report', 'negative');
    fc.assert(
      fc.property(
        fc.record({ from: types, to: types, period: fc.constantFrom(144, 143) }),
        fc.record({
          token: fc.constantFrom<Upload['token']>('none', 'unreadable', tokenOf(key(2)), []),
          bypassToken: fc.boolean(),
          partialRevisions: fc.boolean(),
        }),
        ({ from, to, period }, options) => {
          const of = (origin: 'local' | 'padding') => {
            const stored = aStored(key(1, { reportType: from }), {
              primary: { ...primary, origin },
            });
            const outcome = outcomeOf(
              [key(1, { reportType: to, period })],
              storedAs(stored),
              options,
            );
            return outcome.kind === 'refused'
              ? outcome
              : { ...outcome, revisions: outcome.revisions.map((one) => one.key) };
          };
          expect(of('padding')).toEqual(of('local'));
        },
      ),
    );
  });
});

it('finds a key whose bytes lie within other bytes', () => {
  const data = new Uint8Array(20).fill(7).subarray(2, 18);
  expect(outcomeOf([{ ...key(1), data }], storedAs(aStored(key(7))))).toMatchObject({
    kind: 'refused',
  });
});

describe('an upload of an application that may publish no more today', () => {
  const likely = aStored(key(1, { reportType: 'likely' }));
  const fresh = aStored(key(2), { isFresh: true });
  const token = tokenOf(key(1));
  const reached = { ceilingReached: true, token } as const;

  it.each([
    ['a new key', [key(3)]],
    ['a new key among repeated ones', [key(2), key(3)]],
    ['a key whose result is confirmed', [key(1)]],
  ])('is refused with %s', (_, keys) => {
    const stored = storedAs(likely, fresh);
    expect(outcomeOf(keys, stored, reached)).toEqual(refusal('ceiling_reached'));
    expect(outcomeOf(keys, stored, { token }).kind).toBe('store');
  });

  it.each([
    ['repeats keys', [key(2)]],
    ['takes keys back', [key(1, { reportType: 'negative' })]],
    ['takes back what was never published', [key(3, { reportType: 'negative' })]],
  ])('is taken as on any other day where it %s', (_, keys) => {
    const stored = storedAs(likely, fresh);
    const usual = outcomeOf(keys, stored, { token });
    expect(usual).toMatchObject({ kind: 'store', primaries: [] });
    expect(outcomeOf(keys, stored, reached)).toEqual(usual);
  });

  it('is refused for its token first', () => {
    const keys = [key(1), key(3)];
    expect(
      outcomeOf(keys, storedAs(likely), { ceilingReached: true, token: 'unreadable' }),
    ).toEqual(refusal('invalid_revision_token'));
  });
});
