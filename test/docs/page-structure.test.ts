import { headingsOf, linksOf, pages, sectionOf, textOf } from './pages.ts';

/** Lines from which on a page has a list of its contents: more than can be seen at a glance. */
const LONG_PAGE = 150;

const cellsIn = (row: string): number => row.match(/(?<!\\)\|/gu)?.length ?? 0;

/** The rows of tables that have more or fewer cells than the head of their table. */
function crookedRowsOf(text: string): readonly string[] {
  const tables = text
    .split(/\n(?!\|)/u)
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')));
  return tables.flatMap(([head = '', ...rows]) =>
    rows.filter((row) => cellsIn(row) !== cellsIn(head)),
  );
}

const lengthOf = (text: string): number => text.split('\n').length;

/** The headings of the second level, by the names that links use. */
const chaptersOf = (text: string): readonly string[] =>
  headingsOf(text.replaceAll(/^#(?:|##+) .*$/gmu, ''));

/** The chapters of a page that it links to before the first of them begins. */
function contentsOf(path: string, text: string): readonly string[] {
  const [opening = ''] = text.split('\n## ');
  const links = linksOf({ path, text: opening })
    .filter(({ to }) => to === path)
    .map(({ heading = '' }) => heading);
  return chaptersOf(text).filter((chapter) => links.includes(chapter));
}

describe.each(pages())('$path', ({ path, text }) => {
  it('has as many cells in each row of a table as in its head', () => {
    expect(crookedRowsOf(text)).toEqual([]);
  });

  if (lengthOf(text) > LONG_PAGE)
    it('lists its contents at its beginning, since it is long', () => {
      expect(contentsOf(path, text)).toEqual(chaptersOf(text));
    });
});

it('follows one key through the code in at most 25 files', () => {
  const path = 'docs/architecture.md';
  const walk = sectionOf(textOf(path), 'The way of one key');
  const files = new Set(linksOf({ path, text: walk }).map(({ to }) => to));
  expect(files.size).toBeGreaterThan(10);
  expect(files.size).toBeLessThanOrEqual(25);
});

it('finds a row that is shifted by a column', () => {
  const table = '\n| a | b |\n| - | - |\n| 1 | 2 |\n| | 1 | 2 |\n\n| c |\n| - |\n| `x \\| y` |\n';
  expect(crookedRowsOf(table)).toEqual(['| | 1 | 2 |']);
});

it('finds a chapter that the list of contents does not name', () => {
  const text = '# Page\n\n[One](#one)\n\n## One\n\n### Part\n\n## Two\n';
  expect(chaptersOf(text)).toEqual(['one', 'two']);
  expect(contentsOf('page.md', text)).toEqual(['one']);
});
