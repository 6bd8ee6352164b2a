import { textOf } from './pages.ts';
import { pathsIn, unwatchedRows } from './threat-rows.ts';

describe('the threat model', () => {
  it('has code and a test for every protection of its tables', () => {
    expect(unwatchedRows(textOf('docs/threat-model.md'))).toEqual([]);
    expect(pathsIn(textOf('docs/threat-model.md')).length).toBeGreaterThan(40);
  });

  it.each([
    ['without a test', '[`a.ts`](../a.ts) | [`b.ts`](../b.ts)'],
    ['without code', 'words | [`a.test.ts`](../a.test.ts)'],
    ['without anything', 'words | '],
  ])('would be found to have a row %s', (_, cells) => {
    const head = '| attack | protection | watched by |\n| - | - | - |\n';
    expect(unwatchedRows(`${head}| one | ${cells} |\n`)).toEqual(['one']);
  });
});
