import { secondsOf } from '@keyserver/time';
import { aPrivateKey, app, verifierFor } from '../testing/keys.ts';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';

const privateKey = aPrivateKey();
const keyFile = aFileWith('authority.pem', privateKey);

const keys = [
  { key: 'AAECAwQFBgcICQoLDA0ODw', rollingStartNumber: 2_860_000, rollingPeriod: 144 },
  {
    key: 'AQECAwQFBgcICQoLDA0ODw',
    rollingStartNumber: 2_860_144,
    rollingPeriod: 100,
    transmissionRisk: 3,
  },
];
const offered = keys.map((key) => ({ transmissionRisk: 0, ...key }));

const issue = async (file: unknown, ...more: readonly string[]): ReturnType<typeof keyserver> =>
  await keyserver([
    ...['certificate', 'issue', '--authority-key', keyFile, '--keys-file'],
    aFileWith('keys.json', typeof file === 'string' ? file : JSON.stringify(file)),
    ...more,
  ]);

interface Fields {
  readonly verificationPayload: string;
  readonly hmacKey: string;
}

const verdictOn = async ({ verificationPayload, hmacKey }: Fields): Promise<unknown> =>
  await verifierFor(privateKey)(
    { certificate: verificationPayload, hmacKey, keys: offered, app },
    secondsOf(NOW),
  );

describe('certificate issue', () => {
  it.each([
    ['a list of keys', keys],
    ['a publish request', { temporaryExposureKeys: keys, healthAuthorityID: 'x' }],
  ])('certifies %s in the spelling of the file', async (_, file) => {
    const { code, out } = await issue(file, '--json', '--onset-interval', '2860000');
    expect(code).toBe(0);
    expect(await verdictOn(JSON.parse(out) as Fields)).toMatchObject({
      kind: 'verified',
      reportType: 'confirmed',
      onset: 2_860_000,
    });
  });

  it('prints the two fields of a publish request for people', async () => {
    const { out } = await issue(keys, '--report-type', 'likely', '--hmac-key', 'AAEC');
    const [, verificationPayload = '', hmacKey = ''] =
      /^verificationPayload {2}(\S+)\nhmacKey {14}(\S+)\n$/.exec(out) ?? [];
    expect(hmacKey).toBe('AAEC');
    expect(await verdictOn({ verificationPayload, hmacKey })).toMatchObject({
      reportType: 'likely',
    });
  });

  it('lets the certificate expire when it is told to', async () => {
    const { out } = await issue(keys, '--json', '--lifetime-minutes', '2');
    const { verificationPayload } = JSON.parse(out) as Fields;
    const claims: unknown = JSON.parse(
      Buffer.from(verificationPayload.split('.')[1]!, 'base64url').toString(),
    );
    expect(claims).toMatchObject({ iat: NOW / 1000, exp: NOW / 1000 + 120 });
  });

  it.each([
    ['no JSON', '{'],
    ['no keys', []],
    ['another document', { keys }],
    ['null', 'null'],
    ['a key that is no text', [{ ...keys[0], key: 7 }]],
    ['a key without a start', [{ ...keys[0], rollingStartNumber: undefined }]],
    ['a period in text', [{ ...keys[0], rollingPeriod: '144' }]],
    ['half a risk', [{ ...keys[0], transmissionRisk: 0.5 }]],
  ])('refuses a file with %s', async (_, file) => {
    const ran = await issue(file);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(
      /is not a list of keys with key, rollingStartNumber and rollingPeriod\n$/,
    );
  });

  it.each([
    ['an HMAC key that is no base64', ['--hmac-key', '!'], /must be base64/],
    ['an empty HMAC key', ['--hmac-key', ''], /must be base64/],
    ['no lifetime', ['--lifetime-minutes', '0'], /from 1 to 1440/],
    ['an onset that is no interval', ['--onset-interval', 'today'], /must be a whole number/],
    ['another report type', ['--report-type', ''], /must be one of/],
  ])('refuses %s', async (_, args, sentence) => {
    const ran = await issue(keys, ...args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });

  it('needs a file of keys', async () => {
    const ran = await keyserver(['certificate', 'issue']);
    expect(ran.err).toMatch(/required option '--keys-file <json-file>' not specified\n$/);
    const missing = await keyserver([
      'certificate',
      'issue',
      '--authority-key',
      keyFile,
      '--keys-file',
      inScratch('no.json'),
    ]);
    expect(missing.err).toMatch(/no such file\n$/);
  });
});
