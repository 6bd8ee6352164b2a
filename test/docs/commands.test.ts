import { keyserver } from '@keyserver/cli/testing';
import { ALL_CHECKS } from '@keyserver/doctor';
import { pages } from './pages.ts';

/** A command of ours on a page, with its line put together where it goes on over several. */
interface Shown {
  readonly path: string;
  readonly words: readonly string[];
}

const COMMAND = /npx keyserver ((?:[^`|\n\\]|\\\n)*)/gu;

const shown: readonly Shown[] = pages()
  .filter(({ path }) => path !== 'CHANGELOG.md')
  .flatMap(({ path, text }) =>
    [...text.matchAll(COMMAND)].map(([, line = '']) => ({
      path,
      words: line
        .replaceAll(/\\\n/gu, ' ')
        .split(/(?:&&|[;>]| and )/u)[0]!
        .trim()
        .split(/\s+/u)
        .filter((word) => word !== ''),
    })),
  );

const helps = new Map<string, string>();

async function helpOf(words: readonly string[]): Promise<string> {
  const key = words.join(' ');
  const known = helps.get(key);
  if (known !== undefined) return known;
  const { out } = await keyserver([...words, '--help']);
  const text = out.startsWith(`Usage: keyserver ${key}`.trim()) ? out : '';
  helps.set(key, text);
  return text;
}

/** What the words of a command come to: the longest part that is a command, and its help. */
async function commandIn(words: readonly string[]) {
  const named = words.findIndex((word) => !/^[a-z][a-z-]*$/u.test(word));
  const path = words.slice(0, Math.min(named === -1 ? words.length : named, 3));
  for (let length = path.length; length > 0; length--) {
    const help = await helpOf(path.slice(0, length));
    if (help !== '') return { help, rest: path.slice(length) };
  }
  return undefined;
}

const flagsIn = (words: readonly string[]): readonly string[] =>
  words.map((word) => /^(--[a-z][a-z-]*)/u.exec(word)?.[1] ?? '').filter((flag) => flag !== '');

/** Whether a help says that arguments may follow. */
const takesArguments = (help: string): boolean => /^Usage: .*[<[](?!options|command)/u.test(help);

async function wrongIn({ path, words }: Shown): Promise<readonly string[]> {
  const line = `${path}: ${words.join(' ')}`;
  const found = await commandIn(words);
  if (found === undefined) return [`${line}: there is no such command`];
  const unknown = flagsIn(words).filter(
    (flag) => flag !== '--help' && !new RegExp(`${flag}\\b(?!-)`, 'u').test(found.help),
  );
  return [
    ...unknown.map((flag) => `${line}: there is no ${flag}`),
    ...(found.rest.length > 0 && !takesArguments(found.help)
      ? [`${line}: nothing is called ${found.rest.join(' ')}`]
      : []),
  ];
}

it('shows only commands and options of ours that exist', async () => {
  expect(shown.length).toBeGreaterThan(100);
  const wrong: string[] = [];
  for (const one of shown) wrong.push(...(await wrongIn(one)));
  expect(wrong).toEqual([]);
});

it.each([
  [['doktor'], /no such command/],
  [['doctor', '--onyl', 'x'], /no --onyl/],
  [['jobs', 'list', '--projekt', 'x'], /no --projekt/],
  [['export', 'verfy', 'x.zip'], /nothing is called verfy/],
])('notices %j', async (words, says) => {
  expect(await wrongIn({ path: 'a page', words })).toEqual([expect.stringMatching(says)]);
});

it('names only checks of the doctor that exist', () => {
  const known = new Set(ALL_CHECKS.map(({ id }) => id));
  const named = pages().flatMap(({ text }) =>
    [...text.matchAll(/--only ([a-z_]+)/gu)].map(([, id = '']) => id),
  );
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});

/**
 * The commands of gcloud that pages show. Each is in its reference, https://cloud.google.com/sdk/gcloud/reference, under the path of the
 * same name; a page that shows another one adds it here after looking there.
 */
const GCLOUD = [
  'auth application-default login',
  'compute ssl-certificates list',
  'config set project',
  'container binauthz attestors add-iam-policy-binding',
  'container binauthz attestors create',
  'container binauthz attestors public-keys add',
  'firestore backups list',
  'firestore fields ttls list',
  'kms keyrings create',
  'kms keys create',
  'kms keys remove-iam-policy-binding',
  'kms keys versions enable',
  'kms keys versions list',
  'kms keys versions restore',
  'logging read',
  'run jobs executions list',
  'run revisions list',
  'run services describe',
  'run services update-traffic',
  'secrets create',
  'secrets versions access',
  'services enable',
  'services list',
  'storage buckets create',
  'storage cp',
];

it('shows in runbooks only commands of gcloud that are known', () => {
  const runbooks = pages().filter(
    ({ path }) => path.startsWith('docs/runbooks/') || path.startsWith('terraform/'),
  );
  const unknown = runbooks.flatMap(({ path, text }) =>
    [...text.matchAll(/\bgcloud ((?:[a-z][a-z-]*[ \n]?)+)/gu)]
      .map(([, words = '']) => words.trim())
      .filter((words) => !GCLOUD.some((known) => words === known || words.startsWith(`${known} `)))
      .map((words) => `${path}: gcloud ${words}`),
  );
  expect(unknown).toEqual([]);
  const all = runbooks.map(({ text }) => text).join('\n');
  expect(GCLOUD.filter((known) => !all.includes(`gcloud ${known}`))).toEqual([]);
});
