import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findObjects, startCdn } from '@keyserver/launcher';
import { bucketsOf } from '@keyserver/local';
import { recordingLog } from '@keyserver/log/testing';
import type { RunningService } from '@keyserver/service';
import { machine } from '../support/machine.ts';
import { curlScripts, itWithCurl, runCurl } from './page-curl.ts';
import { pages, textOf } from './pages.ts';

const page = textOf('docs/api/exports.md');
/** The index as the page shows it: the one archive of the example. */
const [, SHOWN = ''] = /^ {4}(v1\/[0-9-]+\.zip)$/mu.exec(page) ?? [];
const ARCHIVE = 'PK: what an archive begins with is all that counts here';

let directory = '';
let cdn: RunningService;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-exports-page-'));
  const bucket = bucketsOf(directory).openBucket('exports');
  for (const [name, text] of [
    ['v1/index.txt', SHOWN],
    [SHOWN, ARCHIVE],
  ] as const) {
    const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: '' };
    async function* content(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from(text));
    }
    await bucket.put(name, content(), { headers, expected: 'absent' });
  }
  const { log } = recordingLog();
  const ambient = { ...machine, openLog: () => log, logHealth: () => Promise.resolve() };
  cdn = await startCdn(findObjects)({ PORT: '0', DATA_DIR: directory }, ambient);
});
afterAll(async () => {
  await cdn.close();
  await rm(directory, { recursive: true });
});

itWithCurl('gives the index and the archive of the page to its lines for curl', async () => {
  const [script = ''] = curlScripts(page);
  const { response, saved } = await runCurl(script, { url: cdn.url });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(SHOWN);
  expect(Object.entries(saved).map(([name, content]) => [name, content.toString()])).toEqual([
    [SHOWN.slice('v1/'.length), ARCHIVE],
  ]);
});

it('is one of the pages whose lines for curl are run', () => {
  const withCurl = pages().filter(
    ({ path, text }) => path.startsWith('docs/api/') && /\bcurl /u.test(text),
  );
  const run = ['cover-traffic', 'exports', 'health', 'publish-v1alpha1', 'publish', 'stats'];
  expect(withCurl.map(({ path }) => path)).toEqual(run.map((name) => `docs/api/${name}.md`));
  for (const { text } of withCurl)
    expect(
      curlScripts(text)
        .join('')
        .match(/\bcurl /gu),
    ).toEqual(text.match(/\bcurl /gu));
});
