import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOT_OURS = ['node_modules', 'dist', 'coverage', '.git', '.data'];

/** A page of documentation: where it lies, from the root of the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** The text of a file of the repository. */
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** All files of the repository, and its folders, which end in a slash. */
export const repositoryPaths = (): readonly string[] => pathsBelow('');

function pathsBelow(folder: string): readonly string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  return entries
    .filter(({ name }) => !NOT_OURS.includes(name))
    .flatMap((entry) => {
      const path = `${folder}${entry.name}`;
      return entry.isDirectory() ? [`${path}/`, ...pathsBelow(`${path}/`)] : [path];
    });
}

/** Every Markdown page of the repository. */
export const pages = (): readonly Page[] =>
  repositoryPaths()
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: textOf(path) }));

const BLOCK = /^(`{3,})([^\n]*)\n([\s\S]*?)^\1$/gmu;

/** The code blocks of a page: what stands behind the opening backticks, and the lines between. */
export const blocksOf = (
  text: string,
): readonly { readonly info: string; readonly body: string }[] =>
  [...text.matchAll(BLOCK)].map(([, , info = '', body = '']) => ({ info: info.trim(), body }));

/** A page without its code blocks. */
export const withoutBlocks = (text: string): string => text.replaceAll(BLOCK, '');

/** What a page sets as code within its sentences. */
export const codeOf = ({ text }: Page): readonly string[] =>
  [...withoutBlocks(text).matchAll(/`([^`\n]+)`/gu)].map(([, code = '']) => code);

/** The places that a page links to within the repository: a path from its root, and perhaps a heading there. */
export const linksOf = ({
  path,
  text,
}: Page): readonly { readonly to: string; readonly heading: string | undefined }[] =>
  [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/gu)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/u.test(link))
    .map((link) => {
      const [target = '', heading] = link.split('#');
      return { to: target === '' ? path : join(dirname(path), target), heading };
    });

/** The names by which links reach the headings of a page. */
export const headingsOf = (text: string): readonly string[] =>
  [...withoutBlocks(text).matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** The part of a page below a heading of the second level. */
export function sectionOf(text: string, heading: string): string {
  const [, from] = text.split(`\n## ${heading}\n`);
  if (from === undefined) throw new Error(`no section ${heading}`);
  return from.split('\n## ')[0] ?? '';
}

/** The rows of all tables of a text, without headings, as their cells. */
export const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split(/\n(?!\|)/u)
    .map((block) => block.split('\n').filter((line) => line.startsWith('|')))
    .flatMap(([, , ...rows]) => rows)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
