import { echoed, firstState, stateText } from './partner-state.ts';

const STATE = {
  keys: { timestamp: 200_000, token: 'k' },
  revisions: { timestamp: 300_000, token: 'r' },
};

describe('the state of a first call', () => {
  it('is none before the first answer', () => {
    const position = { state: undefined, more: false };
    expect([firstState('standard', position), firstState('reference', position)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each([true, false])('is given back as it was (more: %s)', (more) => {
    expect(firstState('standard', { state: STATE, more })).toEqual(STATE);
  });

  it('goes 26 hours back with revisions of a reference server, and not before 1970', () => {
    const at = (timestamp: number) =>
      firstState('reference', {
        state: { ...STATE, revisions: { timestamp, token: '' } },
        more: false,
      })?.revisions.timestamp;
    expect([at(300_000), at(93_600), at(100), at(-62_135_596_800)]).toEqual([206_400, 0, 0, 0]);
  });
});

it('is without tokens for a reference server', () => {
  expect(echoed('reference', STATE)).toEqual({
    ...{ keys: { timestamp: 200_000, token: '' }, revisions: { timestamp: 300_000, token: '' } },
  });
});

it('has another text for each difference', () => {
  const cursor = (timestamp: number, token: string) => ({ timestamp, token });
  const all = [
    { keys: cursor(1, 'a'), revisions: cursor(2, 'b') },
    { keys: cursor(2, 'a'), revisions: cursor(2, 'b') },
    { keys: cursor(1, 'b'), revisions: cursor(2, 'b') },
    { keys: cursor(1, 'a'), revisions: cursor(1, 'b') },
    { keys: cursor(1, 'a'), revisions: cursor(2, 'a') },
    { keys: cursor(1, 'a",1,"'), revisions: cursor(2, 'b') },
  ];
  expect(new Set(all.map(stateText)).size).toBe(all.length);
});
