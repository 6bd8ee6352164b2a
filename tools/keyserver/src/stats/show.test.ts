import { mkdirSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { statsTokenVerifier } from '@keyserver/health-authority';
import { secondsOf, unixMillis } from '@keyserver/time';
import { aPrivateKey } from '../testing/keys.ts';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';
import { serve, stopServing } from '../testing/serve.ts';

const privateKey = aPrivateKey();
mkdirSync(inScratch('data/keys/authority'), { recursive: true });
aFileWith('data/keys/authority/dev.pem', privateKey);

afterEach(stopServing);

const tokens: string[] = [];
const aService = async (status: number, body: object): Promise<string> =>
  await serve({
    '/v1/stats': (request, response) => {
      tokens.push(String(request.headers.authorization).replace('Bearer ', ''));
      response.writeHead(status).end(JSON.stringify({ ...body, padding: 'xxxx' }));
    },
  });

const A_DAY = {
  day: '2024-05-18T00:00:00Z',
  publish_requests: { unknown: 1, android: 12, ios: 7 },
  ...{ total_teks_published: 260, requests_with_revisions: 3, requests_missing_onset_date: 2 },
};

describe('stats show', () => {
  it('asks with a token of the authority and shows its days', async () => {
    const url = await aService(200, { days: [A_DAY] });
    const { code, out, err } = await keyserver(['stats', 'show', '--url', url]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(/ {2,}/g, ' | ')).toBe(
      'DAY | ANDROID | IOS | UNKNOWN | KEYS | REVISIONS | NO ONSET\n' +
        '2024-05-18 | 12 | 7 | 1 | 260 | 3 | 2\n',
    );
    const { issuer, audience, kid } = DEVELOPMENT_NAMES.authority;
    expect(audience).not.toBe('keyserver'); // that of statistics: no certificate may open them
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
    const key = { version: kid, publicKey: publicKey.toString(), from: unixMillis(0) };
    const authority = {
      ...{ id: 1, issuer, audience, name: 'Authority', stats: true },
      keys: [{ ...key, thru: undefined }],
    };
    const find = async () => await Promise.resolve(authority);
    const verify = statsTokenVerifier(find, 'keyserver');
    expect(await verify(tokens.at(-1) ?? '', secondsOf(NOW))).toMatchObject({ kind: 'verified' });
  });

  it('prints the answer as JSON for machines, without its padding', async () => {
    const url = await aService(200, { days: [A_DAY] });
    const { out } = await keyserver(['stats', 'show', '--url', url, '--json']);
    expect(JSON.parse(out)).toEqual({ days: [A_DAY] });
  });

  it('says so when there is no day yet', async () => {
    const { code, out } = await keyserver(['stats', 'show', '--url', await aService(200, {})]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^There is no day to show/u)]);
  });

  it('ends with what the server said against it, on one line', async () => {
    const url = await aService(401, { error: 'the token\nhas expired', code: 'unauthorized' });
    expect(await keyserver(['stats', 'show', '--url', url])).toMatchObject({
      code: 1,
      out: '',
      err: 'keyserver: the server refused with 401: the token?has expired\n',
    });
  });

  it('shows what makes no sense as a dash', async () => {
    const url = await aService(200, { days: [7, { day: {}, publish_requests: null }] });
    const { out } = await keyserver(['stats', 'show', '--url', url]);
    expect(out.split('\n')[1]).toMatch(/^- +- +- +- +- +- +-$/u);
  });

  it('cannot ask where nobody answers', async () => {
    const ran = await keyserver(['stats', 'show', '--url', 'http://127.0.0.1:1/']);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^keyserver: cannot ask for statistics at http:/u);
  });
});
