import { FetchState } from '#generated/federation.js';
import { SECOND, unixMillis } from '@keyserver/time';
import { FIRST_EPOCH } from './epoch.ts';
import { BEGINNING, type StateReading, readState, stateOf } from './fetch-state.ts';
import type { Position } from './position.ts';
import { sealToken } from './token.ts';

const KEY = Buffer.alloc(32, 1);
const HOUR = 3600;
const AT = 1_700_002_800;
const NOW = unixMillis((AT + 24 * HOUR) * SECOND);
const reading = { sealingKey: KEY, epoch: FIRST_EPOCH, now: NOW };
const sealed = (position: Position) => sealToken({ ...position, epoch: 0 }, KEY);
/** Reads a state as it comes over the wire. */
const read = (state: FetchState.$Properties | null | undefined) =>
  readState(
    state === null || state === undefined
      ? state
      : FetchState.decode(FetchState.encode(state).finish()),
    reading,
  );
const within: Position = {
  unit: unixMillis(AT * SECOND),
  after: { kind: 'primary', key: Buffer.alloc(16, 5) },
};
const token = sealed(within);
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
      const other = { nextToken: sealed(position) };
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
    const start = { nextToken: sealed({ unit: within.unit }) };
    const expected = { unit: within.unit, byTimestamp: false };
    expect(read({ keyCursor: { nextToken: token }, revisedKeyCursor: start })).toEqual(expected);
    expect(read({ keyCursor: start, revisedKeyCursor: { nextToken: token } })).toEqual(expected);
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
    expect(read(state)).toBe('state');
  });

  it('when the key that sealed it is lost', () => {
    const other = { ...reading, sealingKey: Buffer.alloc(32, 2) };
    expect(readState({ keyCursor: { nextToken: token } }, other)).toBe('state');
  });

  it.each([
    ['time', { timestamp: NOW / SECOND + 61 }],
    ['token', { nextToken: sealed({ unit: unixMillis(NOW + 61 * SECOND) }) }],
  ])('as of the future when its %s is more than a minute ahead', (_which, keyCursor) => {
    expect(read({ keyCursor })).toBe('future');
    expect(read({ keyCursor, revisedKeyCursor: keyCursor })).toBe('future');
    expect(readState({ keyCursor }, { ...reading, now: unixMillis(NOW + SECOND) })).toMatchObject({
      unit: NOW + 61 * SECOND,
    });
  });
});

describe('the state of a position', () => {
  const unitEnd = unixMillis((AT + HOUR) * SECOND);

  it('says the same in both cursors', () => {
    const { keyCursor, revisedKeyCursor } = stateOf(within, { sealingKey: KEY, epoch: 0, unitEnd });
    expect(keyCursor).toEqual(revisedKeyCursor);
    expect(readState({ keyCursor: keyCursor! }, reading)).toEqual({
      ...within,
      byTimestamp: false,
    });
  });

  it('has the start of the unit as its time, and a second more within it', () => {
    const timeOf = (position: Position, end = unitEnd) =>
      stateOf(position, { sealingKey: KEY, epoch: 0, unitEnd: end }).keyCursor?.timestamp;
    expect(timeOf({ unit: within.unit })).toBe(AT);
    expect(timeOf(within)).toBe(AT + 1);
    // The second after a unit of one second is the next unit, which would pass over the rest of this one.
    expect(timeOf(within, unixMillis((AT + 1) * SECOND))).toBe(AT);
  });
});

describe('a state that was given ahead of a time that was set back', () => {
  /** Store time was a month ahead, and was brought back to half past. */
  const back = unixMillis(NOW - 23.5 * HOUR * SECOND + 250);
  const month = 30 * 24 * HOUR * SECOND;
  const first = { epoch: 1, from: unixMillis(back + month), to: back };
  const at: StateReading = { ...reading, epoch: { number: 1, resets: [first] } };
  const readAt = (keyCursor: FetchState.$Properties['keyCursor'], told = at) =>
    readState({ keyCursor: keyCursor! }, told);
  const toldIn = (epoch: number, position: Position) => ({
    nextToken: sealToken({ ...position, epoch }, KEY),
  });
  const START = { unit: 0, byTimestamp: false };
  const whole = unixMillis(back - 250);

  it.each([
    ['a second later', SECOND],
    ['a month later', month],
    ['a millisecond later', 1],
  ])('goes on at the reset when it is %s', (_how, later) => {
    const position = { unit: unixMillis(back + later), after: within.after };
    expect(readAt(toldIn(0, position))).toEqual({ unit: whole, byTimestamp: false });
  });

  it('begins a unit anew that may last longer than up to the reset, and goes on in one that cannot', () => {
    const day = 24 * HOUR * SECOND;
    const open = { unit: unixMillis(back - day + 1), after: within.after };
    expect(readAt(toldIn(0, open))).toEqual({ unit: open.unit, byTimestamp: false });
    const over = { unit: unixMillis(back - day), after: within.after };
    expect(readAt(toldIn(0, over))).toEqual({ ...over, byTimestamp: false });
  });

  it('goes on where it was when it was given since', () => {
    const position = { unit: unixMillis(back + SECOND), after: within.after };
    expect(readAt(toldIn(1, position))).toEqual({ ...position, byTimestamp: false });
  });

  it('goes on before the earliest of the resets that came after it', () => {
    const second = { epoch: 2, from: first.from, to: unixMillis(back - 7 * SECOND) };
    const third = { epoch: 3, from: first.from, to: unixMillis(back - 5 * SECOND) };
    const epoch = { number: 3, resets: [first, second, third] };
    const unitAfter = (told: number) =>
      readAt(toldIn(told, { unit: unixMillis(back + month) }), { ...at, epoch });
    expect([0, 1, 2].map(unitAfter)).toMatchObject([
      ...[{ unit: whole - 7 * SECOND }, { unit: whole - 7 * SECOND }, { unit: whole - 5 * SECOND }],
    ]);
    expect(unitAfter(3)).toBe('future');
  });

  it('begins at the beginning when the resets since are not known, or the store knows of none', () => {
    const position = { unit: unixMillis(back - month), after: within.after };
    const forgotten = { number: 2, resets: [{ ...first, epoch: 2 }] };
    expect(readAt(toldIn(0, position), { ...at, epoch: forgotten })).toEqual(START);
    expect(readAt(toldIn(1, position), { ...at, epoch: FIRST_EPOCH })).toEqual(START);
    expect(readAt(toldIn(9, position))).toEqual(START);
  });

  it('goes on at the reset when it is a time alone that has not come', () => {
    const seconds = first.from / SECOND - 7.25;
    expect(readAt({ timestamp: Math.floor(seconds) })).toEqual({ unit: whole, byTimestamp: false });
  });

  it('is refused when it is a time alone that store time never was', () => {
    expect(readAt({ timestamp: Math.ceil(first.from / SECOND) + 1 })).toBe('future');
    expect(readAt({ timestamp: first.from / SECOND - 60 }, reading)).toBe('future');
  });

  it('is believed when it is a time alone that has come: it may have been given since', () => {
    const timestamp = NOW / SECOND - 60;
    expect(readAt({ timestamp })).toEqual({ unit: timestamp * SECOND, byTimestamp: true });
  });
});
