import { machine } from '../support/machine.ts';
import { type KeyObject, createHmac, generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { DatabaseSync } from 'node:sqlite';
import { startExport } from '@keyserver/export';
import { startFederationPull } from '@keyserver/federation-pull';
import type { OfferedKey } from '@keyserver/exposure-keys';
import { startCleanup } from '@keyserver/cleanup';
import { issueCertificate, issueStatsToken } from '@keyserver/health-authority';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { type LogLevel, createLogger } from '@keyserver/log';
import { type Configuration, applyConfiguration } from '@keyserver/configuration';
import { startPublish } from '@keyserver/publish';
import { makeDataKey } from '@keyserver/publish/testing';
import { systemRandom } from '@keyserver/random';
import { type RunningService, listen } from '@keyserver/service';
import { startTrust } from '@keyserver/trust';
import {
  DAY,
  HOUR,
  type SimulatedClock,
  floorTo,
  intervalAt,
  secondsOf,
  simulatedClock,
  systemClock,
  unixMillis,
  systemTimers,
} from '@keyserver/time';
import { freePorts } from '../support/free-ports.ts';
import { rawRequest } from './raw-request.ts';
import { leaksIn, spellings } from './spellings.ts';

const APP = 'org.example.exposures';
const AUTHORITY = { id: 1, issuer: 'https://authority.example', audience: 'keyserver' } as const;
const AUDIENCE = 'http://jobs.keyserver.localhost';
const CALLER = 'jobs@keyserver.localhost';

/** Everything that a phone or a stranger sends and nobody may find again, by what it is. */
const SECRETS = {
  key: Buffer.from('d1e2f3a4b5c6978869504132abcdef01', 'hex'),
  otherKey: Buffer.from('0badcafe0badf00ddeadbeef8badf00d', 'hex'),
  hmacKey: Buffer.from('5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2', 'hex'),
  revisionToken: 'REVISION-TOKEN-zq8K1vXw3',
  userAgent: 'Dalvik/2.1.0 (Linux; Android 12; Distinctive-Phone 9X)',
  address: '203.0.113.77',
  otherAddress: '2001:db8:77:abcd::42',
  unknownField: 'unknownFieldOfMine',
  unknownValue: 'value-nobody-expected-55',
  unknownApp: 'com.unknown.application.q7',
  path: 'a-path-that-i-made-up',
  query: 'query-value-4711-mine',
  fragmentOfJson: 'neither-json-nor-anything',
  contentType: 'text/made-up-type',
  header: 'a-header-value-of-mine-31',
  certificatePart: 'certificate-subject-of-mine',
  callerToken: 'bearer-of-mine-that-is-no-token',
  callerEmail: 'somebody-else@example.invalid',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  traceIdInBinary: Buffer.from('4bf92f3577b34da6a3ce929d0e0e4736', 'hex'),
  spanId: '00f067aa0ba902b7',
  remoteAddress: '127.0.0.77',
  remoteAddressInBinary: Buffer.from([127, 0, 0, 77]),
} as const;

/** Every route of the services: a service has an environment in `beforeAll`, and a new route is a row here. */
const ROUTES = [
  { service: 'publish', method: 'POST', path: '/v1/publish' },
  { service: 'publish', method: 'POST', path: '/v1alpha1/publish' },
  { service: 'publish', method: 'POST', path: '/' },
  { service: 'publish', method: 'POST', path: '/v1/stats' },
  { service: 'publish', method: 'GET', path: '/health' },
  { service: 'export', method: 'POST', path: '/create-batches' },
  { service: 'export', method: 'POST', path: '/do-work' },
  { service: 'export', method: 'GET', path: '/health' },
  { service: 'cleanup', method: 'POST', path: '/totals' },
  { service: 'cleanup', method: 'POST', path: '/keys' },
  { service: 'cleanup', method: 'POST', path: '/exports' },
  { service: 'cleanup', method: 'GET', path: '/health' },
  { service: 'trust', method: 'POST', path: '/rotate-keys' },
  { service: 'trust', method: 'POST', path: '/refresh-authority-keys' },
  { service: 'trust', method: 'GET', path: '/health' },
  { service: 'federation-pull', method: 'POST', path: '/' },
  { service: 'federation-pull', method: 'GET', path: '/health' },
] as const;

type Service = (typeof ROUTES)[number]['service'];

/** The application's configured id may be logged; how a phone spelled it may not. */
const SPELT_APP = 'Org.EXAMPLE.exposures';

/** Secrets that exist only once they were computed. */
const made: Record<string, string | Uint8Array> = {};
const leaks = (text: string): readonly string[] => [
  ...leaksIn(text, { ...SECRETS, ...made }),
  ...(text.includes(SPELT_APP) ? ['spelling of the application'] : []),
];

const aKey = (data: Uint8Array, of: Partial<OfferedKey> = {}): OfferedKey => ({
  key: Buffer.from(data).toString('base64'),
  rollingStartNumber: yesterday(),
  rollingPeriod: 144,
  transmissionRisk: 3,
  ...of,
});

let clock: SimulatedClock;
let directory = '';
let platform: LocalPlatform;
let privateKey: KeyObject;
let token: (email: string) => Promise<string>;
const services: Record<Service, RunningService> = Object.create(null) as never;
/** Publish once more over the same data, whose figures Prometheus fetches. */
let fetched: RunningService;
let figuresUrl = '';
const closing: (() => Promise<unknown>)[] = [];
/** Figures and traces as they were sent to Google Cloud, by their path. */
const sent: { readonly path: string; readonly bytes: string }[] = [];
let telemetry: Server;
const lines: string[] = [];
const answers: string[] = [];

const yesterday = (): number => intervalAt(unixMillis(floorTo(clock.now(), DAY) - DAY));

beforeAll(async () => {
  clock = simulatedClock(floorTo(systemClock.now(), HOUR));
  directory = await mkdtemp(join(tmpdir(), 'keyserver-logs-'));
  platform = await openLocalPlatform({ ...machine, dataDirectory: directory, clock });
  await platform.createSigningKey('export-1');
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  ({ privateKey } = pair);
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const options = { actor: 'test', random: systemRandom };
  await applyConfiguration(platform.store, configurationWith(pem), options);

  let documents: Readonly<Record<string, object>> = {};
  const served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  const issuer = await platform.openIssuer(served.url);
  ({ documents } = issuer);
  token = async (email) => await issuer.mint({ audience: AUDIENCE, email });

  telemetry = createServer((request, response) => {
    void buffer(request).then((body) => {
      sent.push({ path: request.url ?? '', bytes: body.toString('latin1') });
      response.end();
    });
  });
  await new Promise<void>((resolve) => telemetry.listen(0, '127.0.0.1', resolve));

  const ambient = {
    clock,
    timers: systemTimers,
    random: systemRandom,
    openLog: (level: LogLevel) =>
      createLogger({
        timers: systemTimers,
        service: 'publish',
        write: (line) => lines.push(line),
        clock,
        level,
      }),
    logHealth: () => Promise.resolve(),
  };
  const local = { DATA_DIR: directory, PORT: '0', LOG_LEVEL: 'debug' };
  const common = {
    ...local,
    ...{ TELEMETRY_EXPORTER: 'google-cloud', GCP_PROJECT: 'health-project', TRACE_PERCENT: '100' },
    TELEMETRY_ENDPOINT: `127.0.0.1:${(telemetry.address() as AddressInfo).port}`,
  };
  const ofJobs = {
    ...common,
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    OIDC_AUDIENCE: AUDIENCE,
    CALLER_EMAILS: CALLER,
  };
  const [metricsPort = 0] = await freePorts(1);
  figuresUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  await makeDataKey(platform.store, platform.wrapperFor('revision-token'));
  services.publish = await startPublish({ ...common, V1ALPHA1: 'true' }, ambient);
  services.export = await startExport({ ...ofJobs, MIN_WINDOW_AGE_SECONDS: '0' }, ambient);
  services.cleanup = await startCleanup(ofJobs, ambient);
  services.trust = await startTrust(ofJobs, ambient);
  services['federation-pull'] = await startFederationPull(ofJobs, ambient);
  const prometheus = { TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: String(metricsPort) };
  fetched = await startPublish({ ...local, ...prometheus }, ambient);
  closing.push(served.close, platform.close);
  // The first batch of an export is the newest that is due; what is uploaded from here on is in the next ones.
  await job('/create-batches');
});

afterAll(async () => {
  await fetched.close();
  for (const close of closing) await close();
  telemetry.close();
  await rm(directory, { recursive: true, force: true });
});

function configurationWith(publicKey: string): Configuration {
  const from = unixMillis(floorTo(clock.now(), DAY) - DAY);
  const { id, issuer, audience } = AUTHORITY;
  const keys = [{ version: 'v1', publicKey, from, thru: undefined }];
  return {
    authorities: [{ id, issuer, audience, name: 'Authority', keys, stats: true }],
    apps: [
      {
        id: APP,
        regions: ['ZZ'],
        authorities: [id],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ],
    signingKeys: [
      {
        ...{ id: 'main', signingKey: 'export-1', keyId: '310', keyVersion: 'v1' },
        ...{ from, thru: undefined },
      },
    ],
    exports: [
      {
        ...{ id: 'main', bucket: 'exports', filenameRoot: 'v1', period: HOUR, from },
        ...{ thru: undefined, outputRegion: 'ZZ', inputRegions: [], excludeRegions: [] },
        ...{ includeTravelers: false, onlyNonTravelers: false, signingKeys: ['main'] },
        ...{ minRecords: 5, paddingRange: 0, maxRecords: 1000, padEmpty: false },
      },
    ],
    queries: [],
  };
}

/** A certificate of these keys; it and its parts count as secrets from now on. */
function certificateFor(keys: readonly OfferedKey[], of: { readonly kid?: string } = {}): string {
  const certificate = issueCertificate({
    ...{ privateKey, kid: of.kid ?? 'v1', keys, hmacKey: SECRETS.hmacKey },
    ...{ issuer: AUTHORITY.issuer, audience: AUTHORITY.audience, reportType: 'confirmed' },
    issuedAt: secondsOf(clock.now()),
    lifetimeSeconds: 600,
  });
  const [, claims = '', signature = ''] = certificate.split('.');
  const { tekmac } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { tekmac: string };
  const n = Object.keys(made).length;
  made[`claims ${n}`] = claims;
  made[`signature ${n}`] = Buffer.from(signature, 'base64url');
  made[`MAC ${n}`] = Buffer.from(tekmac, 'base64');
  return certificate;
}

/** A token of the authority for its statistics; it counts as a secret from now on. */
function statsToken(): string {
  const issuedAt = secondsOf(clock.now());
  const { issuer } = AUTHORITY;
  const issued = issueStatsToken({ privateKey, kid: 'v1', issuer, issuedAt, lifetimeSeconds: 60 });
  const [, claims = '', signature = ''] = issued.split('.');
  const n = Object.keys(made).length;
  made[`claims of statistics ${n}`] = claims;
  made[`signature of statistics ${n}`] = Buffer.from(signature, 'base64url');
  return issued;
}

const bodyOf = (keys: readonly OfferedKey[], of: object = {}): Record<string, unknown> => ({
  temporaryExposureKeys: keys,
  healthAuthorityID: SPELT_APP,
  verificationPayload: certificateFor(keys),
  hmacKey: SECRETS.hmacKey.toString('base64'),
  revisionToken: SECRETS.revisionToken,
  ...of,
});

const HEADERS = {
  'content-type': 'application/json',
  'user-agent': SECRETS.userAgent,
  'x-forwarded-for': `${SECRETS.address}, ${SECRETS.otherAddress}`,
  forwarded: `for="[${SECRETS.otherAddress}]"`,
  'x-request-id': SECRETS.header,
  traceparent: `00-${SECRETS.traceId}-00f067aa0ba902b7-01`,
  'x-cloud-trace-context': `${SECRETS.traceId}/1;o=1`,
};

async function send(url: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    ...init,
    headers: { ...HEADERS, ...(init.headers as Record<string, string> | undefined) },
  });
  answers.push(`${JSON.stringify([...response.headers])} ${await response.text()}`);
  return response.status;
}

/** Sends a request from an address of this machine that nothing else uses, with every header that may tell of a client. */
async function fromAnotherAddress(url: string, method: string, body: string): Promise<string> {
  const authorization = `Bearer ${SECRETS.callerToken}`;
  const headers = { ...HEADERS, authorization, 'content-length': Buffer.byteLength(body) };
  return await new Promise((resolve, reject) => {
    httpRequest(url, { method, headers, localAddress: SECRETS.remoteAddress }, (response) => {
      text(response).then((answer) => {
        resolve(`${JSON.stringify(response.headers)} ${answer}`);
      }, reject);
    })
      .on('error', reject)
      .end(body);
  });
}

const upload = async (body: unknown, init: RequestInit = {}): Promise<number> =>
  await send(`${services.publish.url}/v1/publish`, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });

/** A trace that a caller of ours has begun, which its job may be linked to. */
const OUR_TRACE = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;

const job = async (route: string, service: Service = 'export'): Promise<number> =>
  await send(services[service].url + route, {
    headers: { authorization: `Bearer ${await token(CALLER)}`, traceparent: OUR_TRACE },
  });

const eventsSince = (before: number): readonly string[] =>
  lines.slice(before).map((line) => (JSON.parse(line) as { message: string }).message);

let looked = 0;

/** Looks at everything that was logged and answered since the last look. */
function expectNothingLeaked(): void {
  const said = [...lines.slice(looked), ...answers.splice(0)];
  looked = lines.length;
  for (const text of said) expect([text, leaks(text)]).toEqual([text, []]);
}

it('knows every route that the services declare', () => {
  const root = join(import.meta.dirname, '../..');
  const declared = globSync('services/*/src/{app,http/upload-api}.ts', { cwd: root }).flatMap(
    (file) => {
      const service = file.split('/')[1];
      const source = readFileSync(join(root, file), 'utf8');
      const paths = [...source.matchAll(/'(\/[^']*)'/gu)].map(([, path]) => path);
      return [...paths, '/health'].map((path) => `${service} ${path}`);
    },
  );
  const known = ROUTES.map(({ service, path }) => `${service} ${path}`);
  expect(known.toSorted()).toEqual([...new Set(declared)].toSorted());
});

describe('the search for secrets', () => {
  const { key } = SECRETS;
  it.each([
    ['hex', key.toString('hex')],
    ['upper-case hex', key.toString('hex').toUpperCase()],
    ['base64', key.toString('base64')],
    ['base64url', key.toString('base64url')],
    ['base64 behind one byte', Buffer.concat([Buffer.from('x'), key]).toString('base64')],
    ['base64 among others', Buffer.concat([Buffer.alloc(5), key, key]).toString('base64url')],
    ['numbers', JSON.stringify(key)],
    ['raw bytes', key.toString('latin1')],
  ])('finds a key in %s', (_, line) => {
    expect(leaks(`{"a":"${line}"}`)).toContain('key');
  });

  it.each([
    ['as it is', SECRETS.userAgent],
    ['in a URL', `/x?y=${encodeURIComponent(SECRETS.userAgent)}`],
    ['in lower case', SECRETS.userAgent.toLowerCase()],
    ['in base64', Buffer.from(`agent ${SECRETS.userAgent}`).toString('base64')],
  ])('finds a text %s', (_, line) => {
    expect(leaks(line)).toEqual(['userAgent']);
  });

  it('finds nothing where nothing is', () => {
    expect(leaks('{"message":"publish.accepted","inserted":2,"app":"gov.example"}')).toEqual([]);
    expect(spellings('x')).toEqual([]);
  });
});

describe('no log line and no answer repeats what was sent', () => {
  const first = (): OfferedKey[] => [aKey(SECRETS.key)];
  const bad = (of: Partial<OfferedKey>): object => bodyOf([aKey(SECRETS.otherKey, of)]);
  const withOther = (of: object): object => bodyOf([aKey(SECRETS.otherKey)], of);
  const signed = (text: string): string =>
    `${Buffer.from(text).toString('base64url')}.${Buffer.from(text).toString('base64url')}.c2ln`;

  afterEach(expectNothingLeaked);

  it('of an upload that is accepted', async () => {
    const before = lines.length;
    expect(await upload(bodyOf(first()))).toBe(200);
    expect(eventsSince(before)).toEqual(['publish.accepted']);
    expect(lines.at(-1)).toContain(APP);
  });

  it('of an upload that comes with a token of ours', async () => {
    expect(await upload(bodyOf(first()))).toBe(200);
    const [, issued = ''] = /"revisionToken":"([^"]+)"/u.exec(answers.splice(0).join('')) ?? [];
    made['issued token'] = Buffer.from(issued, 'base64');
    expect(made['issued token']).not.toHaveLength(0);
    expect(await upload(bodyOf(first(), { revisionToken: issued }))).toBe(200);
    expect(await upload(withOther({ revisionToken: issued, hmacKey: '' }))).toBe(401);
  });

  it('of cover traffic', async () => {
    const before = lines.length;
    const headers = { 'x-chaff': SECRETS.header };
    expect(await upload(withOther({}), { headers })).toBe(200);
    expect(eventsSince(before)).toEqual([]);
  });

  it.each<[string, number, () => object]>([
    [
      'keys that are known',
      400,
      () => bodyOf(first().map((key) => ({ ...key, rollingPeriod: 12 }))),
    ],
    ['a key in the future', 400, () => bad({ rollingStartNumber: yesterday() + 9999 })],
    ['a key of the wrong length', 400, () => bodyOf([aKey(SECRETS.otherKey.subarray(1))])],
    ['a broken risk', 400, () => bad({ transmissionRisk: 77 })],
    ['an unknown field', 400, () => withOther({ [SECRETS.unknownField]: SECRETS.unknownValue })],
    [
      'an unknown field of a key',
      400,
      () => bodyOf([{ ...aKey(SECRETS.otherKey), [SECRETS.unknownField]: 1 } as never]),
    ],
    ['a field of the wrong type', 400, () => withOther({ traveler: SECRETS.unknownValue })],
    ['an unknown application', 401, () => withOther({ healthAuthorityID: SECRETS.unknownApp })],
    [
      'a certificate that is none',
      401,
      () => withOther({ verificationPayload: signed(`{"sub":"${SECRETS.certificatePart}"}`) }),
    ],
    [
      'a certificate of an unknown key',
      401,
      () =>
        withOther({
          verificationPayload: certificateFor([aKey(SECRETS.otherKey)], {
            kid: SECRETS.certificatePart,
          }),
        }),
    ],
    [
      'a certificate of other keys',
      401,
      () => withOther({ verificationPayload: certificateFor(first()) }),
    ],
    [
      'another HMAC key',
      401,
      () => withOther({ hmacKey: createHmac('sha256', 'x').digest('base64') }),
    ],
  ])('of an upload with %s', async (_, status, body) => {
    const before = lines.length;
    expect(await upload(body())).toBe(status);
    expect(eventsSince(before)).toEqual(['publish.refused']);
  });

  it.each<[string, number, () => Promise<number>]>([
    [
      'no JSON',
      400,
      async () => await upload(`{"${SECRETS.fragmentOfJson}" ${SECRETS.key.toString('hex')}`),
    ],
    [
      'a name given twice',
      400,
      async () => await upload(`{"hmacKey":"","hmacKey":"${SECRETS.unknownValue}"}`),
    ],
    [
      'another content type',
      415,
      async () => await upload('{}', { headers: { 'content-type': SECRETS.contentType } }),
    ],
    ['another method', 405, async () => await upload(SECRETS.unknownValue, { method: 'PUT' })],
    ['too much of it', 413, async () => await upload(SECRETS.unknownValue.repeat(4000))],
    [
      'a path',
      404,
      async () => await send(`${services.publish.url}/${SECRETS.path}/${SECRETS.query}`),
    ],
    [
      'a broken path',
      404,
      async () => await send(`${services.publish.url}/v1/%E0%A4%A?${SECRETS.query}`),
    ],
  ])('of a request with %s', async (_, status, request) => {
    expect(await request()).toBe(status);
  });

  it('of a query string', async () => {
    const url = `${services.publish.url}/v1/publish?${SECRETS.query}=${SECRETS.path}`;
    expect(await send(url, { body: SECRETS.fragmentOfJson })).toBe(400);
  });

  it.each([
    ['a broken request line', `GET /${SECRETS.path} HTTP/9.9\r\n\r\n`],
    ['a broken header', `GET / HTTP/1.1\r\nHost: x\r\n${SECRETS.header}\u0001: x\r\n\r\n`],
    ['no end of its headers', `POST /v1/publish HTTP/1.1\r\nX: ${SECRETS.header}`],
    ['headers that are too long', `GET / HTTP/1.1\r\nX: ${SECRETS.header.repeat(2000)}\r\n\r\n`],
    [
      'a body that ends early',
      `POST /v1/publish HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"${SECRETS.unknownField}"`,
    ],
  ])('of a connection with %s', async (_, bytes) => {
    for (const { url } of [services.publish, services.export]) {
      const answer = await rawRequest(url, bytes);
      expect(answer).not.toMatch(/^HTTP\/1\.1 [235]/u);
      answers.push(answer);
    }
  });

  it.each<[string, number, () => Promise<Record<string, string>>]>([
    ['no token', 401, async () => await Promise.resolve({})],
    [
      'a broken token',
      401,
      async () => await Promise.resolve({ authorization: `Bearer ${SECRETS.callerToken}` }),
    ],
    [
      'a password',
      401,
      async () =>
        await Promise.resolve({
          authorization: `Basic ${Buffer.from(SECRETS.callerToken).toString('base64')}`,
        }),
    ],
    [
      'an unknown issuer',
      401,
      async () =>
        await Promise.resolve({
          authorization: `Bearer ${signed(`{"iss":"${SECRETS.callerEmail}"}`)}`,
        }),
    ],
    [
      'a token of somebody else',
      403,
      async () => ({ authorization: `Bearer ${await token(SECRETS.callerEmail)}` }),
    ],
  ])('of a job that is started with %s', async (_, status, headers) => {
    const before = lines.length;
    const url = `${services.export.url}/do-work?${SECRETS.query}`;
    expect(await send(url, { headers: await headers(), body: SECRETS.unknownValue })).toBe(status);
    expect(eventsSince(before)).toEqual(['caller.refused']);
  });

  it('of keys that are exported', async () => {
    clock.advance(2 * HOUR);
    const before = lines.length;
    expect(await job('/create-batches')).toBe(200);
    expect(await job('/do-work')).toBe(200);
    expect(eventsSince(before)).toEqual(
      expect.arrayContaining(['export.batch_finished', 'export.index_written', 'job.finished']),
    );
    const index = await platform.openBucket('exports').read('v1/index.txt');
    expect(Buffer.from(index!.content).toString()).toMatch(/^v1\/.*\.zip$/u);
  });

  it('of uploads that are counted', async () => {
    expect(await job('/totals', 'cleanup')).toBe(200);
  });

  it.each(['/keys', '/exports'])('of a job that deletes, %s', async (route) => {
    const before = lines.length;
    expect(await job(route, 'cleanup')).toBe(200);
    expect(eventsSince(before)).toContain('job.finished');
  });

  it.each([
    ['answered', 200, ''],
    ['refused', 401, 'x'],
  ])('of statistics that are %s', async (how, status, more) => {
    const before = lines.length;
    const headers = { ...HEADERS, authorization: `Bearer ${statsToken()}${more}` };
    const body = JSON.stringify({ padding: SECRETS.unknownValue });
    expect(await send(`${services.publish.url}/v1/stats`, { headers, body })).toBe(status);
    expect(eventsSince(before)).toEqual([`stats.${how}`]);
  });

  it('of keys that the data keys of tokens change under', async () => {
    expect(await job('/rotate-keys', 'trust')).toBe(200);
  });

  it('of keys that are learned from authorities', async () => {
    expect(await job('/refresh-authority-keys', 'trust')).toBe(200);
  });

  it('of an upload to a service whose figures Prometheus fetches', async () => {
    const keys = [aKey(Buffer.from(SECRETS.otherKey).reverse())];
    const request = { method: 'POST', headers: HEADERS };
    const publish = async (body: object): Promise<number> =>
      await send(`${fetched.url}/v1/publish`, { ...request, body: JSON.stringify(body) });
    expect(await publish(bodyOf(keys))).toBe(200);
    expect(await publish(withOther({ healthAuthorityID: SECRETS.unknownApp }))).toBe(401);
    expect(await send(`${fetched.url}/${SECRETS.path}`, request)).toBe(404);
  });

  it.each(ROUTES)('of whatever is sent to $method $path of $service', async (route) => {
    const body = JSON.stringify(bodyOf(first()));
    const url = `${services[route.service].url}${route.path}`;
    for (const path of ['', `?${SECRETS.query}=${SECRETS.path}`, `/${SECRETS.path}`])
      for (const method of [route.method, 'PUT', 'PROPFIND'])
        for (const sending of [body, body.slice(0, -9), `"${SECRETS.unknownValue}"`])
          answers.push(await fromAnotherAddress(url + path, method, sending));
    expect(answers).toHaveLength(27);
  });

  it('and the database holds nothing of it but keys, in their packed records', () => {
    const database = new DatabaseSync(join(directory, 'keyserver.sqlite'), { readOnly: true });
    const tables = tablesOf(database);
    database.close();
    expect(leaks(tables.get('keyBatches') ?? '')).toEqual(['key']); // the only one that was accepted
    for (const [name, bytes] of tables)
      if (name !== 'keyBatches') expect([name, leaks(bytes)]).toEqual([name, []]);
    expect(tables.size).toBeGreaterThan(10);
  });

  it('of an upload that meets a broken store', async () => {
    const database = new DatabaseSync(join(directory, 'keyserver.sqlite'));
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all() as { name: string }[];
    expect(tables.length).toBeGreaterThan(0);
    for (const { name } of tables) database.exec(`DROP TABLE "${name}"`);
    database.close();
    const before = lines.length;
    expect(await upload(withOther({}))).toBeGreaterThanOrEqual(500);
    expect(await job('/do-work')).toBe(500);
    expect(eventsSince(before)).toEqual(expect.arrayContaining(['request.fault', 'job.failed']));
    expect(await send(`${fetched.url}/v1/publish`, { body: JSON.stringify(withOther({})) })).toBe(
      503,
    );
  });
});

describe('figures and traces repeat nothing of all this', () => {
  it('where Prometheus fetches them', async () => {
    const page = await (await fetch(figuresUrl)).text();
    expect(page).toContain(`keyserver_publish_requests_total{app="${APP}",region="ZZ"} 1`);
    for (const result of ['ok', 'unknown_health_authority_id', 'fault'])
      expect(page).toContain(
        `keyserver_request_seconds_count{route="/v1/publish",result="${result}"`,
      );
    expect(page).toContain('keyserver_request_seconds_count{route="none",result="not_found"');
    expect(leaks(page)).toEqual([]);
  });

  it('where they are sent to Google Cloud, down to the last ones of each process', async () => {
    for (const name of ['publish', 'export', 'cleanup', 'trust', 'federation-pull'] as const)
      await services[name].close();
    const bytesOf = (path: string): string =>
      sent.map((each) => (each.path === path ? each.bytes : '')).join('');
    for (const path of ['/v1/metrics', '/v1/traces'])
      for (const { route } of ROUTES.map((each) => ({ route: each.path })))
        expect(bytesOf(path)).toContain(route);
    expect(bytesOf('/v1/traces')).toContain(Buffer.alloc(16, 0xcc).toString('latin1'));
    expect(bytesOf('/v1/metrics')).toContain(APP);
    for (const { path, bytes } of sent) expect([path, leaks(bytes)]).toEqual([path, []]);
  });
});

/** What every table of the database holds, as bytes. */
function tablesOf(database: DatabaseSync): ReadonlyMap<string, string> {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return new Map(
    tables.map(({ name }) => [
      String(name),
      database
        .prepare(`SELECT * FROM "${String(name)}"`)
        .all()
        .flatMap((row) => Object.values(row))
        .map((value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
        )
        .join('\n'),
    ]),
  );
}
