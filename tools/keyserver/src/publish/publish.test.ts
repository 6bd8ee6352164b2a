import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import { secondsOf } from '@keyserver/time';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { aPrivateKey, app, verifierFor } from '../testing/keys.ts';
import { NOW, aFileWith, inScratch, keyserver } from '../testing/run-cli.ts';
import { type Site, serve, stopServing } from '../testing/serve.ts';

const privateKey = aPrivateKey();
mkdirSync(inScratch('data/keys/authority'), { recursive: true });
aFileWith('data/keys/authority/dev.pem', privateKey);

afterEach(stopServing);

interface Request {
  readonly temporaryExposureKeys: readonly OfferedKey[];
  readonly healthAuthorityID: string;
  readonly verificationPayload: string;
  readonly hmacKey: string;
  readonly symptomOnsetInterval?: number;
  readonly traveler?: boolean;
  readonly revisionToken?: string;
  readonly padding: string;
}

const received: Request[] = [];
beforeEach(() => {
  received.length = 0;
});

/** A publish service that remembers what it gets and answers the same to all. */
const aService = async (status: number, answer: string, path = '/v1/publish'): Promise<string> => {
  const site: Site = {
    [path]: (request, response) => {
      void text(request).then((body) => {
        received.push(JSON.parse(body) as Request);
        response.writeHead(status).end(answer);
      });
    },
  };
  return await serve(site);
};

/** The `aud` of the certificate in an upload. */
const audienceIn = ({ verificationPayload }: Request): unknown =>
  (
    JSON.parse(Buffer.from(verificationPayload.split('.')[1]!, 'base64url').toString()) as {
      readonly aud?: unknown;
    }
  ).aud;

const ACCEPTED = JSON.stringify({ insertedExposures: 3, padding: 'xxxx' });

describe('publish', () => {
  it('sends a key for each day back from yesterday with a certificate that verifies', async () => {
    const url = await aService(200, ACCEPTED);
    const { code, err } = await keyserver(['publish', '--url', url, '--keys', '3']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [request] = received;
    const today = Date.parse('2024-05-20T00:00:00Z') / 600_000;
    expect(request!.temporaryExposureKeys.map((key) => key.rollingStartNumber)).toEqual([
      today - 144,
      today - 288,
      today - 432,
    ]);
    const outcome = await verifierFor(privateKey)(
      {
        certificate: request!.verificationPayload,
        hmacKey: request!.hmacKey,
        keys: request!.temporaryExposureKeys,
        app,
      },
      secondsOf(NOW),
    );
    expect(outcome).toMatchObject({ kind: 'verified', reportType: 'confirmed', onset: undefined });
  });

  it('draws every key, and pads the request by a kilobyte or two', async () => {
    const url = await aService(200, ACCEPTED);
    await keyserver(['publish', '--url', url, '--keys', '30']);
    const [request] = received;
    const keys = request!.temporaryExposureKeys.map(({ key }) => key);
    expect(new Set(keys).size).toBe(30);
    expect(keys.every((key) => Buffer.from(key, 'base64').length === 16)).toBe(true);
    const padding = Buffer.from(request!.padding, 'base64').length;
    expect(padding).toBeGreaterThanOrEqual(1024);
    expect(padding).toBeLessThan(2048);
  });

  it('prints the answer without its padding, and when the keys can be downloaded', async () => {
    const url = await aService(200, ACCEPTED);
    const { out } = await keyserver(['publish', '--url', url, '--keys', '3', '--include-today']);
    expect(out.split('\n')).toEqual([
      'Sent 3 keys; the server answered 200.',
      '  insertedExposures: 3',
      'Of what the server kept, 2 keys will be in the first export file made after the present window has closed.',
      'One key is valid until 2024-05-21T00:00:00Z; no file holds it before the window after that has closed.',
      '',
    ]);
  });

  it('says nothing of ended keys when there are none', async () => {
    const url = await aService(200, ACCEPTED);
    const { out } = await keyserver(['publish', '--url', url, '--keys', '1', '--include-today']);
    expect(out).not.toContain('Of what the server kept');
  });

  it('prints JSON with the keys and when each may be given out', async () => {
    const url = await aService(200, ACCEPTED);
    const { out } = await keyserver(['publish', '--url', url, '--keys', '1', '--json']);
    expect(JSON.parse(out)).toEqual({
      status: 200,
      body: { insertedExposures: 3 },
      keys: [{ ...received[0]!.temporaryExposureKeys[0], notBefore: '2024-05-20T00:00:00Z' }],
    });
  });

  it('sends the keys of an earlier upload again with its token', async () => {
    const answer = JSON.stringify({ insertedExposures: 3, revisionToken: 'dG9rZW4=' });
    const url = await aService(200, answer);
    const first = await keyserver(['publish', '--url', url, '--keys', '3', '--json']);
    const printed = aFileWith('sent.json', first.out);
    const again = ['--revise', printed, '--report-type', 'negative'];
    const { code, err } = await keyserver(['publish', '--url', url, ...again]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [sent, revised] = received;
    expect(sent).not.toHaveProperty('revisionToken');
    expect(revised!.revisionToken).toBe('dG9rZW4=');
    expect(revised!.temporaryExposureKeys).toEqual(sent!.temporaryExposureKeys);
    const outcome = await verifierFor(privateKey)(
      {
        certificate: revised!.verificationPayload,
        hmacKey: revised!.hmacKey,
        keys: revised!.temporaryExposureKeys,
        app,
      },
      secondsOf(NOW),
    );
    expect(outcome).toMatchObject({ kind: 'verified', reportType: 'negative' });
  });

  it('says what it is told of the person, the application and the authority', async () => {
    const url = await aService(200, ACCEPTED, '/base/v1/publish');
    const other = aPrivateKey();
    const names = { issuer: 'me', audience: 'you', kid: 'k7' };
    const { code } = await keyserver([
      ...['publish', '--url', `${url}/base/`, '--keys', '2', '--onset-days-ago', '3'],
      ...['--traveler', '--app', 'org.example.other', '--report-type', 'user-report'],
      ...['--authority-key', aFileWith('other.pem', other), '--issuer', names.issuer],
      ...['--audience', names.audience, '--kid', names.kid],
    ]);
    expect(code).toBe(0);
    const [request] = received;
    const onset = Date.parse('2024-05-17T00:00:00Z') / 600_000;
    expect(request).toMatchObject({
      healthAuthorityID: 'org.example.other',
      traveler: true,
      symptomOnsetInterval: onset,
    });
    const outcome = await verifierFor(other, names)(
      {
        certificate: request!.verificationPayload,
        hmacKey: request!.hmacKey,
        keys: request!.temporaryExposureKeys,
        app,
      },
      secondsOf(NOW),
    );
    expect(outcome).toMatchObject({ kind: 'verified', reportType: 'user-report', onset });
  });

  describe('for a server that was configured with another audience than this program has', () => {
    const dataDirectory = inScratch('older');
    const other = { ...DEVELOPMENT_NAMES.authority, audience: 'keyserver' };

    const upload = async (...more: string[]): Promise<Request> => {
      const url = await aService(200, ACCEPTED);
      const ran = await keyserver(['publish', '--url', url, ...more], { dataDirectory });
      expect(ran).toMatchObject({ code: 0, err: '' });
      return received[0]!;
    };
    const verdictOn = async (request: Request, audience: string): Promise<string> => {
      const { kind } = await verifierFor(privateKey, { ...other, audience })(
        {
          ...{ certificate: request.verificationPayload, hmacKey: request.hmacKey, app },
          keys: request.temporaryExposureKeys,
        },
        secondsOf(NOW),
      );
      return kind;
    };

    beforeAll(async () => {
      mkdirSync(join(dataDirectory, 'keys', 'authority'), { recursive: true });
      aFileWith('older/keys/authority/dev.pem', privateKey);
      const { id, issuer, audience } = other;
      const authorities = [{ id, issuer, audience, name: 'Older', keys: [] }];
      const lists = { authorities, apps: [], signingKeys: [], exports: [] };
      const file = aFileWith('older.yaml', JSON.stringify(lists));
      const { code, err } = await keyserver(['config', 'apply', file, '--yes'], { dataDirectory });
      if (code !== 0) throw new Error(err);
    });

    it('takes the audience that the server expects', async () => {
      expect(await verdictOn(await upload(), 'keyserver')).toBe('verified');
    });

    it('takes its own for an issuer that the server does not know', async () => {
      const request = await upload('--issuer', 'https://nobody.example');
      expect(audienceIn(request)).toBe(DEVELOPMENT_NAMES.authority.audience);
    });

    it.each([
      [['--audience', 'told'], 'told'],
      [
        ['--authority-key', inScratch('data/keys/authority/dev.pem')],
        DEVELOPMENT_NAMES.authority.audience,
      ],
    ])('does not ask the server when it is given %j', async (argv, audience) => {
      const request = await upload(...argv);
      expect(audienceIn(request)).toBe(audience);
      expect(await verdictOn(request, 'keyserver')).toBe('refused');
    });
  });

  it('names an onset of today in the past, for no other is believed', async () => {
    const url = await aService(200, ACCEPTED);
    await keyserver(['publish', '--url', url, '--onset-days-ago', '0']);
    const midnight = Date.parse('2024-05-20T00:00:00Z');
    expect(midnight).toBeLessThan(NOW);
    expect(received[0]!.symptomOnsetInterval).toBe(midnight / 600_000);
  });

  it('takes an address with the route as it is', async () => {
    const url = await aService(200, ACCEPTED);
    expect(await keyserver(['publish', '--url', `${url}/v1/publish`])).toMatchObject({ code: 0 });
  });

  it('shows a refusal, without control characters, and ends with 1', async () => {
    const url = await aService(400, '{"code":"bad\\u001b[2J","error":"no"}');
    const ran = await keyserver(['publish', '--url', url]);
    expect(ran.code).toBe(1);
    expect(ran.out).toBe('Sent 14 keys; the server answered 400.\n  code: bad?[2J\n  error: no\n');
    expect(ran.err).toBe('keyserver: the server refused the upload with 400\n');
  });

  it.each([['not JSON'], ['null']])(
    'takes the answer %s for one without fields',
    async (answer) => {
      const url = await aService(500, answer);
      const ran = await keyserver(['publish', '--url', url]);
      expect(ran.out).toBe('Sent 14 keys; the server answered 500.\n');
    },
  );

  it('gives up on an answer without end', async () => {
    const url = await aService(200, 'x'.repeat(300_000));
    const ran = await keyserver(['publish', '--url', url]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/gives more than 262144 bytes\n$/);
  });

  it('follows no redirect with somebody else’s keys', async () => {
    const url = await serve({
      '/v1/publish': (_, response) => response.writeHead(307, { location: '/other' }).end(),
      '/other': ACCEPTED,
    });
    expect(await keyserver(['publish', '--url', url])).toMatchObject({ code: 2 });
  });

  it('says that nobody answers', async () => {
    const url = await serve({});
    stopServing();
    const ran = await keyserver(['publish', '--url', url]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toBe(`keyserver: cannot publish to ${url}/v1/publish: ECONNREFUSED\n`);
  });

  it.each([
    ['no address', [], /required option '--url <url>' not specified/],
    ['a broken address', ['--url', 'localhost'], /must be an http or https address/],
    ['no keys', ['--url', 'http://x', '--keys', '0'], /must be a whole number from 1 to 30/],
    ['31 keys', ['--url', 'http://x', '--keys', '31'], /must be a whole number from 1 to 30/],
    ['half a key', ['--url', 'http://x', '--keys', '1.5'], /must be a whole number/],
    ['a sign', ['--url', 'http://x', '--keys', '+1'], /must be a whole number/],
    ['an onset ahead', ['--url', 'http://x', '--onset-days-ago', '-1'], /must be a whole number/],
    ['another report type', ['--url', 'http://x', '--report-type', 'maybe'], /must be one of/],
    [
      'to revise what was not accepted',
      [
        '--url',
        'http://x',
        '--revise',
        aFileWith('refused.json', '{"status":401,"body":{},"keys":[]}'),
      ],
      /refused\.json is not what publish --json prints of an upload that was accepted\n$/,
    ],
    [
      'to revise by a file that is no JSON',
      ['--url', 'http://x', '--revise', aFileWith('broken.json', '{')],
      /broken\.json is not what publish --json prints/,
    ],
    [
      'no authority key',
      ['--url', 'http://x', '--data-dir', inScratch('none')],
      /dev\.pem: no such file; start the server here once, or give --authority-key\n$/,
    ],
    [
      'a key file that is missing',
      ['--url', 'http://x', '--authority-key', inScratch('none')],
      /none: no such file\n$/,
    ],
    [
      'a key of another curve',
      ['--url', 'http://x', '--authority-key', aFileWith('p384.pem', aPrivateKey('P-384'))],
      /is not a P-256 private key in PEM\n$/,
    ],
    [
      'a key that is none',
      ['--url', 'http://x', '--authority-key', aFileWith('junk.pem', 'junk')],
      /is not a P-256 private key in PEM\n$/,
    ],
  ])('refuses %s in one sentence', async (_, args, sentence) => {
    const ran = await keyserver(['publish', ...args]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });
});
