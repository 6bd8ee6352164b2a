const CODE = /\]\(\.\.\/[^)]+\.(?:ts|sh|md)(?:#[^)]*)?\)|\]\((?:decisions|runbooks|api)\/[^)]+\)/u;
const TEST = /\]\(\.\.\/[^)]+\.test\.ts\)/u;

/** The first cells of those rows, in tables with a column "watched by", that name no code or no test. */
export function unwatchedRows(page: string): readonly string[] {
  return page
    .split(/\n(?!\|)/u)
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')))
    .filter(([head = '']) => cellsOf(head).at(-1) === 'watched by')
    .flatMap(([, , ...rows]) => rows.map(cellsOf))
    .filter((cells) => !CODE.test(cells.slice(1, -1).join(' ')) || !TEST.test(cells.at(-1) ?? ''))
    .map(([first = '']) => first);
}

/** Every path of the repository that a page links to. */
export const pathsIn = (page: string): readonly string[] =>
  [...page.matchAll(/\]\(\.\.\/([^)#]+)/gu)].map(([, path = '']) => path);

const cellsOf = (row: string): readonly string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
