import { FetchState } from '#generated/federation.js';
import { SECOND, unixMillis } from '@keyserver/time';
import { BEGINNING, readState, stateOf } from './fetch-state.ts';
import type { Position } from './position.ts';
import { sealToken } from './token.ts';

const KEY = Buffer.alloc(32, 1);
const HOUR = 3600;
const AT = 1_700_002_800;
/** Reads a state as it comes over the wire. */
const read = (state: FetchState.$Properties | null | undefined) =>
  readState(
    state === null || state === undefined
      ? state
      : FetchState.decode(FetchState.encode(state).finish()),
    KEY,
  );
const within: Position = {
  unit: unixMillis(AT * SECOND),
  after: { kind: 'primary', key: Buffer.alloc(16, 5) },
};
const token = sealToken(within, KEY);
const told = (seconds: number) => ({ unit: seconds * SECOND, byTimestamp: true });

describe('a state begins at the beginning', () => {
  it.each([
    ['absent', undefined],
    ['null', null],
    ['without cursors', {}],
    ['of empty cursors', { keyCursor: {}, revisedKeyCursor: {} }],
    ['of zeros', { keyCursor: { timestamp: 0 }, revisedKeyCursor: { timestamp: 0 } }],
    [
      'of the year 1, as clients of the reference server begin',
      {
        keyCursor: { timestamp: -62_135_596_800 },
        revisedKeyCursor: { timestamp: -62_135_596_800 },
      },
    ],
  ])('when it is %s', (_how, state) => {
    expect(read(state)).toEqual(BEGINNING);
  });
});

describe('a state goes on', () => {
  it.each(['keyCursor', 'revisedKeyCursor'] as const)('by its %s alone', (cursor) => {
    expect(read({ [cursor]: { timestamp: AT } })).toEqual(told(AT));
    expect(read({ [cursor]: { nextToken: token } })).toEqual({ ...within, byTimestamp: false });
  });

  it.each(['keyCursor', 'revisedKeyCursor'] as const)(
    'by its %s where the other one says nothing',
    (cursor) => {
      const empty = { keyCursor: {}, revisedKeyCursor: { timestamp: -62_135_596_800 } };
      expect(read({ ...empty, [cursor]: { timestamp: AT } })).toEqual(told(AT));
    },
  );

  it('by a token rather than by a timestamp, whichever cursor has it', () => {
    const [withToken, withTime] = [{ timestamp: 1, nextToken: token }, { timestamp: 7 }];
    const expected = { ...within, byTimestamp: false };
    expect(read({ keyCursor: withToken, revisedKeyCursor: withTime })).toEqual(expected);
    expect(read({ keyCursor: withTime, revisedKeyCursor: withToken })).toEqual(expected);
  });

  it('at the earlier of two different places, so that nothing is passed over', () => {
    expect(read({ keyCursor: { timestamp: AT }, revisedKeyCursor: { timestamp: 9 } })).toEqual(
      told(9),
    );
    const key = Buffer.alloc(16, 6);
    const later: readonly Position[] = [
      { unit: within.unit, after: { kind: 'primary', key } },
      { unit: within.unit, after: { kind: 'revision', key: Buffer.alloc(16) } },
      { unit: unixMillis(within.unit + 1) },
    ];
    for (const position of later) {
      const other = { nextToken: sealToken(position, KEY) };
      for (const [keyCursor, revisedKeyCursor] of [
        [{ nextToken: token }, other],
        [other, { nextToken: token }],
      ])
        expect(read({ keyCursor: keyCursor!, revisedKeyCursor: revisedKeyCursor! })).toMatchObject({
          unit: within.unit,
          after: { kind: 'primary', key: Buffer.alloc(16, 5) },
        });
    }
  });

  it('at the beginning of a unit rather than within it', () => {
    const start = { nextToken: sealToken({ unit: within.unit }, KEY) };
    expect(
      read({ keyCursor: { nextToken: token }, revisedKeyCursor: start })?.after,
    ).toBeUndefined();
    expect(
      read({ keyCursor: start, revisedKeyCursor: { nextToken: token } })?.after,
    ).toBeUndefined();
  });
});

describe('a state is refused', () => {
  it.each([
    ['with a token of another server', { keyCursor: { timestamp: AT, nextToken: 'NTAw' } }],
    [
      'with one token of two',
      { keyCursor: { nextToken: token }, revisedKeyCursor: { nextToken: 'x' } },
    ],
    ['before 1970', { keyCursor: { timestamp: -1 } }],
    ['a second after the year 1 began', { keyCursor: { timestamp: -62_135_596_799 } }],
    ['after all time', { keyCursor: { timestamp: 2 ** 60 } }],
    [
      'with one impossible time of two',
      { keyCursor: { timestamp: AT }, revisedKeyCursor: { timestamp: -5 } },
    ],
  ])('%s', (_how, state) => {
    expect(read(state)).toBeUndefined();
  });

  it('when the key that sealed it is lost', () => {
    expect(readState({ keyCursor: { nextToken: token } }, Buffer.alloc(32, 2))).toBeUndefined();
  });
});

describe('the state of a position', () => {
  const unitEnd = unixMillis((AT + HOUR) * SECOND);

  it('says the same in both cursors', () => {
    const { keyCursor, revisedKeyCursor } = stateOf(within, { sealingKey: KEY, unitEnd });
    expect(keyCursor).toEqual(revisedKeyCursor);
    expect(readState({ keyCursor: keyCursor! }, KEY)).toEqual({ ...within, byTimestamp: false });
  });

  it('has the start of the unit as its time, and a second more within it', () => {
    const timeOf = (position: Position, end = unitEnd) =>
      stateOf(position, { sealingKey: KEY, unitEnd: end }).keyCursor?.timestamp;
    expect(timeOf({ unit: within.unit })).toBe(AT);
    expect(timeOf(within)).toBe(AT + 1);
    // The second after a unit of one second is the next unit, which would pass over the rest of this one.
    expect(timeOf(within, unixMillis((AT + 1) * SECOND))).toBe(AT);
  });
});
