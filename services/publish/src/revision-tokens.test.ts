import { DEFAULT_KEY_RULES, type RevisableKey } from '@keyserver/exposure-keys';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import { type DataKey, type KeyRing, KeyRingFault } from '@keyserver/revision-token';
import { fixedKeyRing } from '@keyserver/revision-token/testing';
import { DAY, INTERVAL, intervalAt, unixMillis } from '@keyserver/time';
import { revisionTokens } from './revision-tokens.ts';
import { NOW } from './testing/uploads.ts';

const OLD: DataKey = { id: 1, key: new Uint8Array(32).fill(1) };
const NEW: DataKey = { id: 2, key: new Uint8Array(32).fill(2) };
const key = (n: number, daysAgo = 1): RevisableKey => ({
  data: Buffer.alloc(16, n),
  start: intervalAt(unixMillis(NOW - daysAgo * DAY)) - 144,
  period: 144,
});
const tokensOver = (ring: KeyRing, bound = 'here') => {
  const log = recordingLog();
  const { maxAge: maxKeyAge } = DEFAULT_KEY_RULES;
  return {
    log,
    ...revisionTokens({
      ring,
      bound: Buffer.from(bound),
      random: systemRandom,
      log: log.log,
      maxKeyAge,
    }),
  };
};

describe('the tokens of a server', () => {
  const tokens = tokensOver(fixedKeyRing([NEW, OLD]));

  it('hold the keys that they are made for, earlier ones first', async () => {
    const first = await tokens.renew('none', [key(1), key(2)], NOW);
    const opened = await tokens.open(first!);
    expect(opened).toEqual([key(1), key(2)]);
    const second = await tokens.renew(opened, [key(3), key(1)], NOW);
    expect(await tokens.open(second!)).toEqual([key(1), key(2), key(3)]);
  });

  it('are given for a token that still holds keys, even when nothing is new', async () => {
    const again = await tokens.renew([key(1)], [], NOW);
    expect(await tokens.open(again!)).toEqual([key(1)]);
  });

  it('are not given for no keys', async () => {
    expect(await tokens.renew('none', [], NOW)).toBeUndefined();
    expect(await tokens.renew([], [], NOW)).toBeUndefined();
  });

  it('drop keys that can no longer be published', async () => {
    const ended = Math.floor((NOW - DEFAULT_KEY_RULES.maxAge) / INTERVAL);
    const ending = (end: number) => ({ ...key(1), start: end - 144 });
    expect(await tokens.renew([ending(ended - 1)], [], NOW)).toBeUndefined();
    const kept = await tokens.renew([ending(ended - 1), ending(ended)], [], NOW);
    expect(await tokens.open(kept!)).toEqual([ending(ended)]);
  });

  it('are opened when they were sealed with an older key, and sealed with the newest', async () => {
    const before = await tokensOver(fixedKeyRing([OLD])).renew('none', [key(1)], NOW);
    expect(await tokens.open(before!)).toEqual([key(1)]);
    const after = await tokens.renew(await tokens.open(before!), [], NOW);
    expect(await tokensOver(fixedKeyRing([OLD])).open(after!)).toBe('unreadable');
  });

  it.each([
    ['nothing', '', 'none'],
    ['no base64', '!', 'none'],
    ['something else', 'dG9rZW4=', 'unreadable'],
  ])('are not read from %s', async (_, sent, what) => {
    expect(await tokens.open(sent)).toBe(what);
  });

  it('of another server cannot be read', async () => {
    const elsewhere = await tokensOver(fixedKeyRing([NEW]), 'there').renew('none', [key(1)], NOW);
    expect(await tokens.open(elsewhere!)).toBe('unreadable');
  });

  it('cannot be opened without any data key, and nobody loses an upload that is stored for want of one', async () => {
    const fault = new KeyRingFault('empty', 'no data key');
    const empty = tokensOver({
      newest: () => Promise.reject(fault),
      find: () => Promise.reject(fault),
    });
    await expect(empty.open('')).rejects.toBe(fault);
    expect(await empty.renew('none', [key(1)], NOW)).toBeUndefined();
    expect(empty.log.events().map(({ message }) => message)).toEqual(['publish.no_token']);
  });
});
