import { secondsIn } from '@keyserver/federation';
import type { FederationFetchRequest, FetchState } from '@keyserver/federation/testing';
import { aGrant } from '@keyserver/federation/testing';
import { HOUR, SECOND, systemTimers, unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { callTime } from './call-time.ts';
import { numbersOf } from './testing/fetch-client.ts';
import {
  FIRST,
  type UnitWorld,
  type WorldUnit,
  answerOf,
  unitWorld,
} from './testing/unit-world.ts';

type State = FetchState.$Properties | null | undefined;
type Echo = (state: State) => State;

const AT = (unit: number) => FIRST / SECOND + (unit * HOUR) / SECOND;
const timeIn = (state: State) => secondsIn(state?.keyCursor ?? {});
const tokenIn = (state: State) => state?.keyCursor?.nextToken ?? '';
const outcome = async (world: UnitWorld, request: FederationFetchRequest.$Properties = {}) => {
  const answer = answerOf(await world.fetch(request));
  return {
    ...{ keys: numbersOf(answer.keys), revised: numbersOf(answer.revisedKeys) },
    ...{ partial: answer.partialResponse ?? false, state: answer.nextFetchState },
  };
};

/** What a partner has got when it is told that nothing is left, and how many calls it took. */
async function drain(world: UnitWorld, size: number, echo: Echo = (state) => state) {
  const got: { keys: number[]; revised: number[]; calls: number } = {
    keys: [],
    revised: [],
    calls: 0,
  };
  let state: State;
  for (let partial = true; partial; got.calls++) {
    const answer = await outcome(world, {
      maxExposureKeys: size,
      ...(state === undefined || state === null ? {} : { state }),
    });
    got.keys.push(...answer.keys);
    got.revised.push(...answer.revised);
    ({ partial } = answer);
    state = echo(answer.state);
    if (got.calls > 500) throw new Error('it does not end');
  }
  return { ...got, state };
}

const someUnits = fc.array(
  fc.record<WorldUnit>({
    primaries: fc.uniqueArray(fc.nat(60), { maxLength: 12 }),
    revisions: fc.uniqueArray(fc.nat(60), { maxLength: 12 }),
    state: fc.constantFrom('available' as const, 'available' as const, 'nothing' as const),
  }),
  { maxLength: 8 },
);
const sorted = (numbers: readonly number[] = []) => numbers.toSorted((a, b) => a - b);
const served = (units: readonly WorldUnit[], kind: 'primaries' | 'revisions') =>
  units.filter(({ state }) => state !== 'nothing').flatMap((unit) => sorted(unit[kind]));

describe('a partner', () => {
  it.each<[string, Echo]>([
    ['echoes the state as it is', (state) => state],
    ['echoes one cursor', (state) => ({ keyCursor: state?.keyCursor ?? null })],
    ['echoes the other', (state) => ({ revisedKeyCursor: state?.revisedKeyCursor ?? null })],
    [
      'echoes a token without its time',
      (state) => ({ keyCursor: { nextToken: tokenIn(state), timestamp: null } }),
    ],
  ])(
    'gets every record once and in order, for any size of page, when it %s',
    async (_how, echo) => {
      await fc.assert(
        fc.asyncProperty(someUnits, fc.integer({ min: 1, max: 9 }), async (units, size) => {
          const got = await drain(unitWorld(units), size, echo);
          expect(got.keys).toEqual(served(units, 'primaries'));
          expect(got.revised).toEqual(served(units, 'revisions'));
        }),
        { numRuns: 60 },
      );
    },
  );

  it('gets every record at least once when it echoes times alone, as long as units fit into a page', async () => {
    const timesAlone: Echo = (state) => ({
      keyCursor: { timestamp: timeIn(state), nextToken: '' },
      revisedKeyCursor: { timestamp: timeIn(state) },
    });
    await fc.assert(
      fc.asyncProperty(someUnits, fc.integer({ min: 24, max: 30 }), async (units, size) => {
        const got = await drain(unitWorld(units), size, timesAlone);
        expect(new Set(got.keys)).toEqual(new Set(served(units, 'primaries')));
        expect(new Set(got.revised)).toEqual(new Set(served(units, 'revisions')));
      }),
      { numRuns: 60 },
    );
  });

  it('may stop at any page and go on later, by another server of the same store', async () => {
    const units = [{ primaries: [1, 2, 3], revisions: [1] }, { primaries: [4] }];
    const { state } = await outcome(unitWorld(units), { maxExposureKeys: 2 });
    const rest = await outcome(unitWorld(units), { state: state! });
    expect(rest).toMatchObject({ keys: [3, 4], revised: [1], partial: false });
  });
});

describe('serving', () => {
  it('stops before the first unit that is not available, whatever lies behind it', async () => {
    const units: WorldUnit[] = [
      { primaries: [1] },
      { primaries: [2], state: 'not yet' },
      { primaries: [3] },
    ];
    const world = unitWorld(units);
    const first = await outcome(world);
    expect(first).toMatchObject({ keys: [1], partial: false });
    expect(timeIn(first.state)).toBe(AT(1));
    world.units = [{ primaries: [1] }, { primaries: [2] }, { primaries: [3] }];
    expect(await outcome(world, { state: first.state! })).toMatchObject({ keys: [2, 3] });
  });

  it('does not move an idle partner, nor one whose next unit lies in the future', async () => {
    const world = unitWorld([{ primaries: [1] }]);
    const { state } = await outcome(world);
    for (let poll = 0; poll < 3; poll++)
      expect((await outcome(world, { state: state! })).state).toEqual(state);
    // The partner begins in an hour from now.
    world.units = [{ primaries: [1] }, { state: 'nothing' }];
    const told = await outcome(unitWorld([{ state: 'nothing' }]));
    expect(timeIn(told.state)).toBe(AT(1));
  });

  it('says how far the unit begins before now that comes next', async () => {
    const world = unitWorld([{ primaries: [1] }, { state: 'not yet' }, {}]);
    expect(await world.fetch()).toMatchObject({ behind: 2 * HOUR });
    expect(await unitWorld([{ primaries: [1] }]).fetch()).toMatchObject({ behind: 0 });
  });

  it('does not leave a partner further behind once that has ended', async () => {
    const thru = unixMillis(FIRST + 2 * HOUR);
    const units: WorldUnit[] = [{ primaries: [1] }, { state: 'not yet' }];
    const world = unitWorld(units, { thru });
    expect(await world.fetch()).toMatchObject({ behind: HOUR });
    world.units = [...units, {}, {}, {}];
    expect(await world.fetch()).toMatchObject({ behind: HOUR });
  });

  it('says that there is more exactly while something available is left', async () => {
    const world = unitWorld([{ primaries: [1, 2] }, { primaries: [3] }]);
    const first = await outcome(world, { maxExposureKeys: 2 });
    // The page ends with its unit, so it points to the next one.
    expect([first.partial, timeIn(first.state), tokenIn(first.state) !== '']).toEqual([
      true,
      AT(1),
      true,
    ]);
    const second = await outcome(world, { maxExposureKeys: 1, state: first.state! });
    expect([second.keys, second.partial, timeIn(second.state)]).toEqual([[3], false, AT(2)]);
  });

  it('has the start of the unit and a second as its time within a unit', async () => {
    const world = unitWorld([{ primaries: [1, 2, 3] }]);
    const { state } = await outcome(world, { maxExposureKeys: 2 });
    expect(timeIn(state)).toBe(AT(0) + 1);
  });

  it('wants the token back for a unit that is larger than a page, and only then', async () => {
    const world = unitWorld([{ primaries: [1, 2, 3], revisions: [1] }]);
    const state = { keyCursor: { timestamp: AT(0) + 1 } };
    expect(await world.fetch({ maxExposureKeys: 3, state })).toEqual({
      ...{ kind: 'refused', reason: 'echo_token' },
    });
    expect(await outcome(world, { maxExposureKeys: 4, state })).toMatchObject({ keys: [1, 2, 3] });
    for (const timestamp of [AT(0), AT(0) + 2, AT(1) - 1])
      expect(
        await outcome(world, { maxExposureKeys: 3, state: { keyCursor: { timestamp } } }),
      ).toMatchObject({ keys: [1, 2, 3], partial: true });
  });

  it('refuses a state of another server, one that is sealed with a lost key, and one of the future', async () => {
    const world = unitWorld([{ primaries: [1, 2] }]);
    const { state } = await outcome(world, { maxExposureKeys: 1 });
    const foreign = { keyCursor: { timestamp: AT(0), nextToken: 'NTAw' } };
    expect(await world.fetch({ state: foreign })).toMatchObject({ reason: 'state' });
    const future = { keyCursor: { timestamp: AT(1) + 61 } };
    expect(await world.fetch({ state: future })).toMatchObject({ reason: 'future' });
    world.sealingKey = Buffer.alloc(32, 2);
    expect(await world.fetch({ state: state! })).toMatchObject({ reason: 'state' });
  });

  it('goes over a unit that was planned with a grant of nothing that is granted now, unread', async () => {
    const world = unitWorld([{ primaries: [1], grant: aGrant({ includeRegions: ['CA'] }) }]);
    const answer = await outcome(world);
    expect([answer.keys, answer.partial, timeIn(answer.state), world.reads()]).toEqual([
      ...[[], false, AT(1), 0],
    ]);
  });

  it('obeys a grant that is narrowed between two pages', async () => {
    const world = unitWorld([{ primaries: [1, 2, 3] }]);
    const { state } = await outcome(world, { maxExposureKeys: 1 });
    world.partner = { ...world.partner, excludeRegions: ['US'] };
    expect(await outcome(world, { state: state! })).toMatchObject({ keys: [], partial: false });
  });

  it('gives no more than the partner may have in a page, whatever it asks for', async () => {
    const world = unitWorld([{ primaries: [1, 2, 3] }], { maxPageKeys: 2 });
    for (const maxExposureKeys of [0, 3, 2 ** 32 - 1])
      expect((await outcome(world, { maxExposureKeys })).keys).toEqual([1, 2]);
  });
});

describe('a call whose time is over', () => {
  const over = () => {
    const time = callTime(systemTimers, 60_000);
    time.end();
    return time;
  };

  it('is refused when it has not got on, since a partner takes an unchanged state for a fault', async () => {
    const world = unitWorld([{ primaries: [1] }]);
    const state = { keyCursor: { timestamp: AT(0) } };
    expect(await world.fetch({ state }, over())).toEqual({ kind: 'refused', reason: 'not_read' });
  });

  it('gives what it has and says that there is more', async () => {
    const world = unitWorld([{ regions: ['CA'] }, { primaries: [1] }], { includeRegions: ['US'] });
    let looks = 0;
    const time = { ...callTime(systemTimers, 60_000), isOver: () => ++looks > 1 };
    const answer = answerOf(await world.fetch({}, time));
    expect([answer.partialResponse, timeIn(answer.nextFetchState)]).toEqual([true, AT(1)]);
    expect(await outcome(world, { state: answer.nextFetchState! })).toMatchObject({ keys: [1] });
  });

  it('ends also where one unit after the other is none of the partner, and has got on', async () => {
    const world = unitWorld([{ state: 'nothing' }, { state: 'nothing' }, { primaries: [1] }]);
    const state = { keyCursor: { timestamp: AT(0) } };
    const time = { ...callTime(systemTimers, 60_000), isOver: () => true };
    const answer = answerOf(await world.fetch({ state }, time));
    expect([answer.partialResponse, timeIn(answer.nextFetchState)]).toEqual([true, AT(1)]);
    expect(await outcome(world, { state: answer.nextFetchState! })).toMatchObject({
      keys: [1],
      partial: false,
    });
  });

  it('leaves the reading to the next call, which need not begin anew', async () => {
    const world = unitWorld([{ primaries: [1] }]);
    const state = { keyCursor: { timestamp: AT(0) } };
    await world.fetch({ state }, over());
    expect((await outcome(world)).keys).toEqual([1]);
    expect(world.reads()).toBe(1);
  });

  it('does not wait for a store that does not answer', async () => {
    const never = new Promise<never>(() => undefined);
    const world = unitWorld([{ primaries: [1] }]);
    for (const away of ['findUnit', 'storeTime', 'loadUnit'] as const) {
      const time = callTime(systemTimers, 60_000);
      const state = { keyCursor: { timestamp: AT(0) } };
      const fetching = world.fetch({ state }, time, { [away]: async () => await never });
      setImmediate(time.end);
      expect(await fetching).toEqual({ kind: 'refused', reason: 'not_read' });
    }
  });
});
