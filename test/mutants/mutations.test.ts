import { mutated, mutationsOf } from './mutations.ts';

const changesOf = (source: string): readonly string[] =>
  mutationsOf(source).map((mutation) => mutated(source, mutation));

describe('the mutations of a source', () => {
  it.each<[string, string, readonly string[]]>([
    ['a comparison', 'a < b', ['a <= b', 'a >= b']],
    ['a conjunction', 'a && b', ['a || b']],
    ['a default', 'a ?? b', ['a && b']],
    ['a sum', 'a + b', ['a - b']],
    ['a negation', '!a', ['a']],
    ['a number', 'f = 41', ['f = 42']],
    ['a truth', 'f = true', ['f = false']],
    ['a condition', 'if (a) b = c', ['if (!(a)) b = c']],
    ['a choice', 'f = a ? b : c', ['f = !(a) ? b : c']],
    ['a call that stands alone', 'await f()', [';']],
    ['a quantifier', 'g = a.some(f)', ['g = a.every(f)']],
    ['a bound', 'g = Math.max(a, b)', ['g = Math.min(a, b)']],
    ['a filter', 'g = a.filter(f).length', ['g = a.length']],
    ['a name that is put together', 'f = `${a + b}-c`', ['f = `${a - b}-c`']],
    ['an anchored pattern', 'g = /^a$/u', ['g = /a$/u', 'g = /^a/u']],
  ])('are of %s', (_, source, changes) => {
    expect(changesOf(source)).toEqual(changes);
  });

  it.each([
    ['types', 'type A = 1 | true; interface B { c: 2 }'],
    ['imports', "import { a } from 'b';"],
    ['texts', "a = 'b';"],
    ['sentences with values in them', 'f = `there are ${a + 1} of them left`'],
    ['a method that every object has', 'f = a.toString()'],
    ['an end that is escaped', 'a = /b\\$/'],
  ])('are none in %s', (_, source) => {
    expect(changesOf(source)).toEqual([]);
  });

  it('say where they are and what they change', () => {
    expect(mutationsOf('let a;\n  a = b < c;')).toMatchObject([
      { line: 2, text: 'a = b < c;', change: '< → <=' },
      { line: 2, text: 'a = b < c;', change: '< → >=' },
    ]);
  });
});
