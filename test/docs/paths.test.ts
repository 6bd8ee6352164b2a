import { codeOf, headingsOf, linksOf, pages, repositoryPaths, textOf } from './pages.ts';

const paths = repositoryPaths();
const known = new Set(paths);
const fileNames = new Set(paths.map((path) => path.split('/').at(-1) ?? ''));
const documented = pages();

const PATH = /^(?:libs|services|tools|test|docs|bench|proto)\/[\w./@-]+$/u;
const FILE_NAME = /^[\w.-]+\.(?:ts|cjs|js|json|md|proto)$/u;
/** Files that a running server has, not the repository. */
const ELSEWHERE = ['keys.json', 'manifest.json', 'unfinished.json'];

const isKnownPath = (path: string): boolean => known.has(path) || known.has(`${path}/`);

describe.each(documented)('$path', (page) => {
  it('names only files and folders that exist', () => {
    const missing = codeOf(page).filter((code) =>
      PATH.test(code)
        ? !isKnownPath(code)
        : FILE_NAME.test(code) && !ELSEWHERE.includes(code) && !fileNames.has(code),
    );
    expect(missing).toEqual([]);
  });

  it('links only to pages and headings that exist', () => {
    const broken = linksOf(page).filter(
      ({ to, heading }) =>
        !isKnownPath(to.replace(/\/$/u, '')) ||
        (heading !== undefined && !headingsOf(textOf(to)).includes(heading)),
    );
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: object };
    const named = [...page.text.matchAll(/\bnpm run (?:-s )?([\w:]+)/gu)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

it('lists every page of docs in the README, or in the README of its folder', () => {
  const linked = (path: string): readonly string[] =>
    linksOf({ path, text: textOf(path) }).map(({ to }) => to);
  const missing = documented
    .map(({ path }) => path)
    .filter((path) => path.startsWith('docs/') || !path.includes('/'))
    .filter((path) => path !== 'README.md' && !linked('README.md').includes(path))
    .filter((path) => {
      const index = path.replace(/[^/]+$/u, 'README.md');
      return !known.has(index) || !linked(index).includes(path);
    });
  expect(missing).toEqual([]);
});

it('has a row in the README for every npm script', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: object };
  const readme = textOf('README.md');
  const missing = Object.keys(scripts).filter(
    (name) => !readme.includes(`\`npm run ${name}\``) && !readme.includes(`\`npm ${name}\``),
  );
  expect(missing).toEqual([]);
});
