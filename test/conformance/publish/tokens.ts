import { createHash } from 'node:crypto';
import { systemRandom } from '@keyserver/random';
import { openToken, parseToken, sealToken } from '@keyserver/revision-token';
import { DAY } from '@keyserver/time';
import type { Answer, Ground } from './ground.ts';
import { newKey, outcomeOf, publish } from './phone.ts';
import { published } from './revising.ts';

/** Rows about revision tokens. The clock goes on by weeks, so they come last. */
export function describeTokens(on: () => Ground): void {
  describe('the published revision tokens', () => {
    describeVectors();
  });
  describe('a revision token that a phone sends', () => {
    describeReading(on);
  });
  describe('a revision token that a phone gets', () => {
    describeWriting(on);
  });
}

const bytes = (from: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, n) => from + n));

function describeVectors(): void {
  const dataKey = { id: 7, key: bytes(0x40, 32) };
  const bound = bytes(0xf0, 16);
  const keys = [
    { data: bytes(0, 16), start: 2_700_000, period: 144 },
    { data: bytes(0x10, 16), start: 2_700_144, period: 61 },
  ];
  const sealed = sealToken(keys, {
    ...{ dataKey, bound },
    random: { ...systemRandom, bytes: () => bytes(0xa0, 12) },
  });

  it.each([
    [
      'without a filler',
      'CgE3ElOgoaKjpKWmp6ipqqvdlQwv4uqeLn1qR/mBtTr94xr7yPyPYInjxH6b49t06EqGYFDURTK28EOyhULxOdbyvOHC6uEvtcXYGgiCSV7JK7wypj8JPA==',
    ],
    [
      'with one filler',
      'CgE3EmegoaKjpKWmp6ipqqvdlQwv4uqeLn1qR/mBtTr94xr7yPyPYInjxH6b49t06EqGYFDURTK28EOyhULxOdbyvOHC6uEvGsh6jeVx3tWQh5m6EB724Zk2Py7jvkqx8sXtUZPcmkStBsBx',
    ],
    ['with 26 fillers', sealed],
  ])('%s hold exactly two keys', (_, token) => {
    const sent = parseToken(token);
    expect(sent).toMatchObject({ kind: 'sealed', keyId: 7 });
    const opened = sent.kind === 'sealed' ? openToken(sent.data, { ...dataKey, bound }) : undefined;
    expect(opened?.map((key) => ({ ...key, data: Buffer.from(key.data) }))).toEqual(keys);
  });

  it('are made byte for byte', () => {
    const envelope = Buffer.from(sealed, 'base64');
    expect([sealed.length, sealed.slice(0, 40), envelope.length]).toEqual([
      ...[812, 'CgE3EtsEoKGio6Slpqeoqaqr3ZUML+Lqni59akf5', 609],
    ]);
    expect(createHash('sha256').update(envelope).digest('hex')).toBe(
      '5dfac86be798cfe4be48df8c7c64827ae494758aa5f9466d509287f019268fd0',
    );
  });
}

/** What the envelope of a token says: the number of its data key, and how many bytes are sealed. */
function envelopeOf({ body }: Answer): { readonly kid: string; readonly data: Buffer } {
  const envelope = Buffer.from(String(body['revisionToken']), 'base64');
  const kidEnd = 2 + envelope[1]!;
  // The length of the data takes two bytes, as for all tokens of 28 keys.
  const length = (envelope[kidEnd + 1]! & 0x7f) | (envelope[kidEnd + 2]! << 7);
  const data = envelope.subarray(kidEnd + 3);
  expect([envelope[0], envelope[kidEnd], data.length]).toEqual([0x0a, 0x12, length]);
  return { kid: envelope.subarray(2, kidEnd).toString(), data };
}

const tokenOf = (kid: string, data: Buffer): string =>
  Buffer.concat([
    ...[Buffer.from([0x0a, kid.length]), Buffer.from(kid)],
    ...[Buffer.from([0x12, (data.length & 0x7f) | 0x80, data.length >> 7]), data],
  ]).toString('base64');

const flipped = (data: Buffer, at: number): Buffer =>
  Buffer.from(data.map((byte, n) => (n === (at + data.length) % data.length ? byte ^ 1 : byte)));

function describeReading(on: () => Ground): void {
  const rows: [string, (kid: string, data: Buffer) => string, string][] = [
    ['is empty', () => '', 'missing'],
    ['is no base64', () => 'no token!', 'missing'],
    ['is no envelope', () => Buffer.from('a text').toString('base64'), 'invalid'],
    ['ends within its envelope', (kid, data) => tokenOf(kid, data).slice(0, 40), 'invalid'],
    ['names no number as its data key', (_, data) => tokenOf('one', data), 'invalid'],
    ['names a negative number', (_, data) => tokenOf('-1', data), 'invalid'],
    ['names a data key that is not there', (_, data) => tokenOf('99', data), 'invalid'],
    ['names a number beyond all numbers', (_, data) => tokenOf('9'.repeat(40), data), 'invalid'],
    ['is shorter than a nonce', (kid, data) => tokenOf(kid, data.subarray(0, 11)), 'invalid'],
    ['is a nonce alone', (kid, data) => tokenOf(kid, data.subarray(0, 12)), 'invalid'],
    ['has another nonce', (kid, data) => tokenOf(kid, flipped(data, 0)), 'invalid'],
    ['has other content', (kid, data) => tokenOf(kid, flipped(data, 20)), 'invalid'],
    ['has another tag', (kid, data) => tokenOf(kid, flipped(data, -1)), 'invalid'],
    ['lacks its last byte', (kid, data) => tokenOf(kid, data.subarray(0, -1)), 'invalid'],
  ];
  it.each(rows)('and that %s lets nobody revise a key, and hinders no new one', async (...row) => {
    const [, change, code] = row;
    const key = newKey();
    const { kid, data } = envelopeOf(await published(on(), [key]));
    const token = change(kid, data);
    const revised = await publish(on(), [key], { token });
    expect(outcomeOf(revised)).toBe(`400 ${code}_revision_token`);
    expect(outcomeOf(await publish(on(), [newKey()], { token }))).toBe('200');
  });

  it('is read in any spelling of base64', async () => {
    const key = newKey();
    const first = String((await published(on(), [key])).body['revisionToken']);
    const token = first.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    expect(outcomeOf(await publish(on(), [key], { token }))).toBe('200');
  });
}

/** Bytes of a key in a token, of a filler, and of what encryption adds. */
const [KEY, FILLER, ADDED] = [28, 20, 28];
const LEAST = 28;

const entries = (count: number): number =>
  count * KEY + Math.max(0, LEAST - count) * FILLER + ADDED;

function describeWriting(on: () => Ground): void {
  const keysInARow = (count: number) =>
    Array.from({ length: count }, (_, n) =>
      newKey({ rollingStartNumber: 2_699_000 + 10 * n, rollingPeriod: 10 }),
    );

  it.each([1, 5])('is filled up to 28 entries: with %i of its own', async (count) => {
    const keys = Array.from({ length: count }, (_, n) =>
      newKey({ rollingStartNumber: 2_700_000 - 144 * n }),
    );
    expect(envelopeOf(await publish(on(), keys)).data).toHaveLength(entries(count));
  });

  it('is longer for more than 28', async () => {
    const few = envelopeOf(await publish(on(), keysInARow(28))).data.length;
    const many = envelopeOf(await publish(on(), keysInARow(30))).data.length;
    expect(many - few).toBe(2 * (KEY - 1)); // a period below 128 takes one byte less
  });

  it('holds the keys of the token before it, and the new ones', async () => {
    const [one, other] = [newKey(), newKey()];
    const token = await published(on(), [one]);
    const longer = await published(on(), [other], { token });
    expect(envelopeOf(longer).data).toHaveLength(entries(2));
    const both = await publish(on(), [one, other], { token: longer });
    expect(outcomeOf(both)).toBe('200');
    expect(envelopeOf(both).data).toHaveLength(entries(2));
  });

  it('holds keys of a negative report, which are not stored', async () => {
    const answer = await publish(on(), [newKey()], { reportType: 'negative' });
    expect(envelopeOf(answer).data).toHaveLength(entries(1));
  });

  it('differs each time', async () => {
    const key = newKey();
    const first = await published(on(), [key]);
    const again = await publish(on(), [key], { reportType: 'likely', token: first });
    expect(envelopeOf(again).data).toHaveLength(entries(1));
    expect(again.body['revisionToken']).not.toBe(first.body['revisionToken']);
  });

  it('is sealed with the newest data key, and opened with every one', async () => {
    const [one, other] = [newKey(), newKey()];
    const before = await published(on(), [one]);
    on().clock.advance(7 * DAY);
    await on().renewDataKey();
    const after = await publish(on(), [other], { token: before, reportType: 'likely' });
    expect([envelopeOf(before).kid, envelopeOf(after).kid]).toEqual(['1', '2']);
    expect(outcomeOf(await publish(on(), [one], { token: before }))).toBe('200');
  });

  it('loses keys that are too old to be published, and is not given when none is left', async () => {
    const midnight = Math.floor(on().clock.now() / DAY) * 144;
    const old = newKey({ rollingStartNumber: midnight - 144 });
    const body = { symptomOnsetInterval: midnight - 144 };
    const token = await published(on(), [old], { body });
    on().clock.advance(16 * DAY);
    const today = newKey({ rollingStartNumber: midnight + 15 * 144 });
    const later = { symptomOnsetInterval: midnight + 15 * 144 };
    const answer = await publish(on(), [today], { token, body: later });
    expect(envelopeOf(answer).data).toHaveLength(entries(1));
    const far = newKey({ rollingStartNumber: midnight + 15 * 144 });
    const none = await publish(on(), [far], {
      ...{ token, body: { symptomOnsetInterval: midnight - 5 * 144 } },
    });
    expect([none.status, ...Object.keys(none.body)]).toEqual([200, 'padding', 'warnings']);
  });
}
