import { openCalls } from './open-calls.ts';

const times = (count: number, open: () => unknown): readonly unknown[] =>
  Array.from({ length: count }, open).filter((call) => call !== undefined);

it('lets a quarter of all calls in for one partner, and others beside it', () => {
  const open = openCalls(12);
  expect(times(9, () => open('a'))).toHaveLength(3);
  expect(times(9, () => open('b'))).toHaveLength(3);
});

it('lets no more in than there may be of all', () => {
  const open = openCalls(8);
  expect(
    times(
      20,
      (
        (n = 0) =>
        () =>
          open(String(n++))
      )(),
    ),
  ).toHaveLength(8);
});

it.each([1, 2, 8])('lets one partner have two calls of %i, if there is room', (most) => {
  const open = openCalls(most);
  expect(times(9, () => open('a'))).toHaveLength(Math.min(2, most));
});

it('counts answered calls for their partner until they are over, and for nobody else', () => {
  const open = openCalls(2);
  const calls = [open('a'), open('a')];
  expect(open('b')).toBeUndefined();
  for (const call of calls) call?.answered();
  expect([open('a'), open('b')]).toEqual([undefined, expect.anything()]);
  calls[0]?.over();
  expect([open('a'), open('a')]).toEqual([expect.anything(), undefined]);
});

it('counts an end once, however often it is told', () => {
  const open = openCalls(8);
  const first = open('a');
  open('a');
  first?.over();
  first?.over();
  first?.answered();
  expect(times(3, () => open('a'))).toHaveLength(1);
});
