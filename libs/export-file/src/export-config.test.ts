import { unixMillis } from '@keyserver/time';
import { type SigningKey, isInForce, signingAt } from './export-config.ts';

const NOW = unixMillis(10_000);

const aKey = (id: string, from: number, thru?: number): SigningKey => ({
  id,
  signingKey: id,
  keyId: '310',
  keyVersion: id,
  from: unixMillis(from),
  thru: thru === undefined ? undefined : unixMillis(thru),
});

it.each([
  ['for ever', 0, undefined, true],
  ['from now on', 10_000, undefined, true],
  ['from the next moment on', 10_001, undefined, false],
  ['until the next moment', 0, 10_001, true],
  ['until now', 0, 10_000, false],
])('knows whether a key that signs %s is in force', (_, from, thru, expected) => {
  expect(isInForce(aKey('k', from, thru), NOW)).toBe(expected);
});

it('puts the newest signature first, and of two as new the one with the later name', () => {
  const keys = [aKey('a', 1), aKey('c', 2), aKey('gone', 3, 5), aKey('d', 2), aKey('next', 10_001)];
  const ids = (keys: readonly SigningKey[]): readonly string[] =>
    signingAt(keys, NOW).map(({ id }) => id);
  expect(ids(keys)).toEqual(['d', 'c', 'a']);
  expect(ids(keys.toReversed())).toEqual(['d', 'c', 'a']);
});
