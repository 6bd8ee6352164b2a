import { existsSync } from 'node:fs';
import { LONGEST, longestFirst } from './longest-first.ts';

const ROOT = new URL('../../', import.meta.url);
const at = (name: string) => ({ path: `/anywhere/${name}` });

it.each(LONGEST)('names a file that is there, once: %s', (name) => {
  expect(existsSync(new URL(name, ROOT))).toBe(true);
  expect(LONGEST.filter((one) => one === name)).toHaveLength(1);
});

it('puts the longest first, and leaves the others as they came', () => {
  const [first = '', second = ''] = LONGEST;
  const tests = ['z.test.ts', second, 'a.test.ts', first].map(at);
  expect(longestFirst(tests)).toEqual([first, second, 'z.test.ts', 'a.test.ts'].map(at));
  expect(tests[0]).toEqual(at('z.test.ts'));
});

it('does not take a file for a longer one whose name ends alike', () => {
  const alike = { path: `/anywhere/un${LONGEST[0] ?? ''}` };
  expect(longestFirst([at('a.test.ts'), alike])).toEqual([at('a.test.ts'), alike]);
});
