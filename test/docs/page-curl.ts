import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { blocksOf, withoutBlocks } from './pages.ts';

/** Skipped where there is no curl. */
export const itWithCurl = spawnSync('sh', ['-c', 'command -v curl']).status === 0 ? it : it.skip;

const INDENTED = /(?:^ {4}\S.*\n)(?:^ {4}.*\n)*/gmu;

/** The lines of a page for a shell that call curl, a block at a time, in their order. */
export const curlScripts = (page: string): readonly string[] =>
  [
    ...blocksOf(page)
      .filter(({ info }) => info === 'sh')
      .map(({ body }) => body),
    ...[...withoutBlocks(page).matchAll(INDENTED)].map(([text]) => text.replaceAll(/^ {4}/gmu, '')),
  ].filter((script) => script.includes('curl '));

/** What curl got and wrote. */
export interface CurlRun {
  /** The last answer, with what was printed as its body. */
  readonly response: Response;
  /** What lies beside the files that were there. */
  readonly saved: Readonly<Record<string, Buffer>>;
}

const EXAMPLE_HOST = /https:\/\/[a-z]+\.example\.org/gu;
/** What curl is told besides what the page says: to print no progress, and to write heads down. */
const CURLRC = 'silent\nshow-error\ndump-header = "head"\n';

/** Runs lines of a page in a directory of their own, against another server than the one that they name. */
export async function runCurl(
  script: string,
  {
    url,
    files = {},
    env = {},
  }: {
    readonly url: string;
    readonly files?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<CurlRun> {
  const directory = await mkdtemp(join(tmpdir(), 'keyserver-curl-'));
  try {
    for (const [name, text] of Object.entries({ ...files, '.curlrc': CURLRC }))
      await writeFile(join(directory, name), text);
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-euc', script.replaceAll(EXAMPLE_HOST, url)],
      // Nothing else of the environment, so that no proxy of the machine stands between.
      { cwd: directory, env: { PATH: process.env['PATH'], CURL_HOME: directory, ...env } },
    );
    const saved: Record<string, Buffer> = {};
    for (const name of await readdir(directory))
      if (!(name in files) && !['.curlrc', 'head'].includes(name))
        saved[name] = await readFile(join(directory, name));
    return {
      response: responseOf(await readFile(join(directory, 'head'), 'latin1'), stdout),
      saved,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function responseOf(heads: string, body: string): Response {
  const [first = '', ...lines] = heads.trimEnd().split('\r\n\r\n').at(-1)?.split('\r\n') ?? [];
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return new Response(body, { status: Number(first.split(' ')[1]), headers });
}
