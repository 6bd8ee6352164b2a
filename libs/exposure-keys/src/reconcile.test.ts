import { intervalNumber } from '@keyserver/time';
import fc from 'fast-check';
import type { Upload } from './key-store.ts';
import { type ExposureKey, type ReportType, keyHex } from './key.ts';
import { reconcile } from './reconcile.ts';

const key = (n: number, reportType: ReportType = 'confirmed'): ExposureKey => ({
  data: new Uint8Array(16).fill(n),
  start: intervalNumber(2_700_000),
  period: 144,
  risk: 2,
  reportType,
  onsetDays: 0,
});
const storedKeys = (...keys: ExposureKey[]) => new Map(keys.map((k) => [keyHex(k.data), k]));

describe('an upload meets what is stored', () => {
  it.each(['none', 'unreadable'] as const)('stores new keys with the token %s', (token) => {
    const keys = [key(1), key(2)];
    expect(reconcile({ keys, token }, storedKeys())).toEqual({ kind: 'store', primaries: keys });
  });

  it('does not mind other keys that are stored', () => {
    const outcome = reconcile({ keys: [key(1)], token: 'none' }, storedKeys(key(2)));
    expect(outcome).toEqual({ kind: 'store', primaries: [key(1)] });
  });

  it.each([
    ['none', 'missing_revision_token'],
    ['unreadable', 'invalid_revision_token'],
  ] as const)('refuses a stored key with the token %s as %s', (token, code) => {
    expect(reconcile({ keys: [key(1)], token }, storedKeys(key(1)))).toEqual({
      kind: 'refused',
      code,
    });
  });

  it('refuses all keys for one that is stored', () => {
    const outcome = reconcile({ keys: [key(1), key(2)], token: 'none' }, storedKeys(key(2)));
    expect(outcome.kind).toBe('refused');
  });

  it('refuses a stored key even when the upload says the same of it', () => {
    const same = key(1, 'likely');
    expect(reconcile({ keys: [same], token: 'none' }, storedKeys(same)).kind).toBe('refused');
  });

  it('refuses a negative result for a stored key', () => {
    const outcome = reconcile({ keys: [key(1, 'negative')], token: 'none' }, storedKeys(key(1)));
    expect(outcome.kind).toBe('refused');
  });

  it('takes new keys of a negative result but does not store them', () => {
    const outcome = reconcile({ keys: [key(1, 'negative')], token: 'none' }, storedKeys());
    expect(outcome).toEqual({ kind: 'store', primaries: [] });
  });

  it('stores nothing for no keys', () => {
    expect(reconcile({ keys: [], token: 'none' }, storedKeys(key(1)))).toEqual({
      kind: 'store',
      primaries: [],
    });
  });

  it('finds a key whose bytes lie within other bytes', () => {
    const data = new Uint8Array(20).fill(7).subarray(2, 18);
    const outcome = reconcile({ keys: [{ ...key(1), data }], token: 'none' }, storedKeys(key(7)));
    expect(outcome.kind).toBe('refused');
  });

  it('never stores a key that is stored already, and loses none that is new', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 10 });
    const tokens = fc.constantFrom<Upload['token']>('none', 'unreadable');
    fc.assert(
      fc.property(numbers, numbers, tokens, (offered, present, token) => {
        const keys = offered.map((n) => key(n));
        const outcome = reconcile({ keys, token }, storedKeys(...present.map((n) => key(n))));
        const known = offered.some((n) => present.includes(n));
        expect(outcome.kind).toBe(known ? 'refused' : 'store');
        if (outcome.kind === 'store') expect(outcome.primaries).toEqual(keys);
      }),
    );
  });
});
