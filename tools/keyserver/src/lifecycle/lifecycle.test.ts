import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { putSigningKey } from '../testing/keys.ts';
import { aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';

const manual = readFileSync(
  new URL('../../../../docs/configuration-file.md', import.meta.url),
  'utf8',
);
const example = /```yaml\n([^]*?)```/.exec(manual)?.[1] ?? '';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const dataDirectory = inScratch('life');
const cli = async (...argv: string[]) => await keyserver(argv, { dataDirectory });
let storeId = '';

beforeAll(async () => {
  putSigningKey(dataDirectory);
  writeFileSync(join(dataDirectory, 'keys/signing/audit.pem'), pem, { mode: 0o600 });
  await cli('config', 'apply', aFileWith('life.yaml', example), '--yes');
  const { out } = await cli('decommission', 'begin');
  storeId = /--yes-really ([0-9a-f]+)/.exec(out)?.[1] ?? '';
});
afterAll(() => {
  rmSync(dataDirectory, { recursive: true });
});

const ID = () => ['--yes-really', storeId];
const FINISH = ['decommission', 'finish', '--signing-key', 'audit'];

describe('a command that ends a server', () => {
  it('shows what would follow, and changes nothing', async () => {
    expect(storeId).toMatch(/^[0-9a-f]{16,}$/);
    const { out } = await cli('decommission', 'begin', '--keep-files-days', '2');
    expect(out).toMatch(/410 for good.*2 days[^]*Nothing was changed/);
    expect((await cli('decommission', 'status')).out).toBe('The server is open.\n');
  });

  it.each<[string, () => readonly string[], string]>([
    [
      'another store is named',
      () => ['decommission', 'begin', '--yes-really', 'prod'],
      'the store is ',
    ],
    ['it is to be taken back', () => ['decommission', 'abort'], 'the server is open'],
    ['it is to be emptied', () => [...FINISH, ...ID()], 'the server is open'],
    ['it is to be woken', () => ['wake'], 'the server is open'],
    ['its state is said to be lost', () => ['wake', '--state-lost'], 'is there'],
    ['files go at once', () => ['hibernate', 'begin', '--keep-files-days', '1'], 'keep-files-days'],
  ])('refuses to do it to an open one when %s', async (_, argv, why) => {
    const { code, err } = await cli(...argv());
    expect(code).not.toBe(0);
    expect(err).toContain(why);
    expect((await cli('decommission', 'status')).out).toBe('The server is open.\n');
  });

  it('closes, says what is waited for, deletes nothing yet, and opens again', async () => {
    expect((await cli('decommission', 'begin', ...ID())).out).toContain('The server is closing.');
    const status = await cli('decommission', 'status');
    expect(status.out).toMatch(/The server is closing[^]*It waits for uploads/);
    expect((await cli(...FINISH, ...ID())).err).toContain('nothing was deleted: the server waits');
    expect((await cli(...FINISH)).out).toContain('Nothing was changed');
    const other = await cli('hibernate', 'finish', '--signing-key', 'audit', ...ID());
    expect(other.err).toContain('it is `keyserver decommission` that was begun');
    expect((await cli('hibernate', 'begin')).err).toContain('the server is closing');
    expect((await cli('decommission', 'abort')).out).toContain('The server is open.');
    const { out } = await cli('audit', 'show');
    expect(out).toMatch(/lifecycle\.close[^]*lifecycle\.abort/);
  });
});

describe('a report', () => {
  const report = '{"storeId":"ab","left":{"documents":0,"objects":0}}';
  const signature = sign(
    'sha256',
    Buffer.from(`keyserver deletion report 1\n${report}`),
    createPrivateKey(pem),
  ).toString('base64');
  const file = (name: string, over: object = {}) =>
    aFileWith(name, JSON.stringify({ report, publicKey: publicPem, signature, ...over }));
  const known = aFileWith('life.pub.pem', publicPem);

  it('is verified by a key that is known, or by its own', async () => {
    const argv = ['decommission', 'verify', file('report.json')];
    expect((await keyserver([...argv, '--public-key', known])).out).toContain('that you gave');
    expect((await keyserver(argv)).out).toContain('that the report names');
  });

  it.each([
    ['was changed', { report: report.replace('0', '1') }],
    ['has another signature', { signature: 'AAAA' }],
  ])('that %s is refused', async (_, over) => {
    const argv = ['decommission', 'verify', file('bad.json', over), '--public-key', known];
    expect((await keyserver(argv)).err).toContain('not signed');
  });

  it.each([['nothing'], ['{}'], ['[1]']])('is not %s', async (content) => {
    const { err } = await keyserver(['decommission', 'verify', aFileWith('none.json', content)]);
    expect(err).toContain('is no report');
  });
});
