import { aWireKey, anAnswer } from '@keyserver/federation/testing';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { MAX_ANSWER_BYTES, decodeAnswer } from './decode-answer.ts';

const ASKED = { maxKeys: 10, state: undefined };
const BEFORE = {
  keys: { timestamp: 5, token: 'k' },
  revisions: { timestamp: 6, token: 'r' },
};
const pageOf = (...given: Parameters<typeof decodeAnswer>) => {
  const decoded = decodeAnswer(...given);
  if (decoded.kind === 'unreadable') throw new Error(decoded.why);
  return decoded.page;
};
/** The bytes of an answer whose state has its cursor of keys alone: timestamp 7, token "x". */
const HALF_STATE = Buffer.from([0x22, 0x07, 0x0a, 0x05, 0x08, 0x07, 0x12, 0x01, 0x78]);
/** The bytes of an answer whose cursor of keys has a time of 64 bits. */
function atTime(digits: string): Uint8Array {
  const varint: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(digits)); rest > 0 || varint.length === 0; rest >>= 7n)
    varint.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
  const cursor = [0x08, ...varint];
  return Buffer.from([0x22, cursor.length + 2, 0x0a, cursor.length, ...cursor]);
}

describe('an answer', () => {
  it('is read with its keys, and with where to go on', () => {
    const bytes = anAnswer({
      ...{ keys: [aWireKey(1)], revisedKeys: [aWireKey(2), aWireKey(3)], more: true },
      ...{ next: [-62_135_596_800, 'a'], nextRevised: [253_402_300_799, ''] },
    });
    const page = pageOf(bytes, ASKED);
    expect([page.keys.length, page.revisedKeys.length, page.more]).toEqual([1, 2, true]);
    expect(page.next).toEqual({
      keys: { timestamp: -62_135_596_800, token: 'a' },
      revisions: { timestamp: 253_402_300_799, token: '' },
    });
  });

  it('that is complete needs no state', () => {
    expect(pageOf(new Uint8Array(), ASKED)).toEqual({
      ...{ keys: [], revisedKeys: [], more: false, next: undefined },
    });
  });

  it('with half a state has the other half of the call', () => {
    const keys = { timestamp: 7, token: 'x' };
    expect(pageOf(HALF_STATE, { maxKeys: 10, state: BEFORE }).next).toEqual({
      ...{ keys, revisions: BEFORE.revisions },
    });
    expect(pageOf(HALF_STATE, ASKED).next?.revisions).toEqual({ timestamp: 0, token: '' });
  });

  it.each([
    ['too long', new Uint8Array(MAX_ANSWER_BYTES + 1), 'it is too long'],
    ['no message', Buffer.from('Bad gateway'), 'it is no answer of the protocol'],
    [
      'with more keys than were asked for',
      anAnswer({ keys: Array.from({ length: 11 }, (_, n) => aWireKey(n)) }),
      'it has more keys than were asked for',
    ],
    [
      'partial without a state',
      anAnswer({ more: true }),
      'it says that more is to come, but not where',
    ],
    ['with an endless token', anAnswer({ next: [1, 'x'.repeat(4097)] }), 'its state is malformed'],
    ['of no year', anAnswer({ next: [-62_135_596_801, ''] }), 'its state is malformed'],
    ['of a year too far', anAnswer({ next: [253_402_300_800, ''] }), 'its state is malformed'],
  ])('that is %s is unreadable, and says why', (_what, bytes, why) => {
    expect(decodeAnswer(bytes, ASKED)).toEqual({ kind: 'unreadable', why });
  });

  it('is refused at the first key too many, whatever follows, so that nothing is made of it', () => {
    const eleven = Buffer.from('0a001200'.repeat(6), 'hex').subarray(0, 22);
    const bytes = Buffer.concat([eleven, Buffer.from('Bad gateway')]);
    expect(decodeAnswer(bytes, ASKED)).toMatchObject({
      why: 'it has more keys than were asked for',
    });
    expect(pageOf(eleven.subarray(2), ASKED)).toMatchObject({ more: false });
  });

  it.each([
    ['the year 1', '-62135596800', -62_135_596_800],
    ['0', '0', 0],
    ['a second before 1970', '-1', -1],
    ['2 to the 62', '4611686018427387904', undefined],
    ['the largest number', '9223372036854775807', undefined],
    ['the smallest number', '-9223372036854775808', undefined],
  ])('at the time %s reads the same whatever an int64 is read as', (_what, digits, timestamp) => {
    const bytes = atTime(digits);
    const whole = protobuf.util.Long;
    try {
      for (const Long of [whole, null]) {
        protobuf.util.Long = Long!;
        protobuf.configure();
        const decoded = decodeAnswer(bytes, ASKED);
        const told = decoded.kind === 'page' ? decoded.page.next?.keys.timestamp : undefined;
        expect(told).toBe(timestamp);
      }
    } finally {
      protobuf.util.Long = whole;
      protobuf.configure();
    }
  });

  it('of any bytes throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['page', 'unreadable']).toContain(decodeAnswer(bytes, ASKED).kind);
      }),
    );
  });
});
