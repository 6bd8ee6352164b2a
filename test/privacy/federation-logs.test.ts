import {
  type FederationServer,
  type Started,
  federationServer,
} from '@keyserver/federation-serve/testing';
import { SEVERITY } from '@keyserver/log/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { aKey } from '@keyserver/stores/testing';
import { type PullingServer, pullingServer } from '../federation/pulling-server.ts';
import {
  RawRefusal,
  type RawServer,
  framed,
  rawCall,
  rawFetch,
  serveRaw,
} from '../federation/raw-frames.ts';
import { type WireKey, type WireResponse, encodeRequest } from '../federation/wire.ts';
import { leaksIn } from './spellings.ts';

/** Everything that a partner sends and nobody may find again, by what it is. */
const SECRETS = {
  key: Buffer.from('d1e2f3a4b5c6978869504132abcdef01', 'hex'),
  badKey: Buffer.from('0badcafe0badf00ddeadbeef8badf0', 'hex'),
  region: 'REGION-OF-MINE-77',
  name: 'Authority-that-nobody-knows-31',
  token: 'token-of-a-partner-that-is-none-55',
  bearer: 'bearer-of-mine-that-is-no-token',
  agent: 'a-client-of-mine/9.9',
  header: 'a-header-value-of-mine-31',
  status: 'a-status-message-of-mine-42',
};

let serving: FederationServer;
let started: Started;
let pulling: PullingServer;
let partner: RawServer;
let answer: WireResponse | RawRefusal | Buffer;
const answers: string[] = [];

beforeAll(async () => {
  serving = await federationServer();
  await serving.configure({ includeRegions: ['US'] });
  await serving.storeKeys({ keys: [aKey(1)] });
  started = await serving.start();
  partner = await serveRaw(() => answer);
  pulling = await pullingServer();
  await pulling.configure({ server: partner.address });
});
afterAll(async () => {
  await started.stop();
  serving.remove();
  await pulling.close();
  await partner.close();
  await closeTestStores();
});

/** All events of both services, and what callers were answered. */
function expectNothingLeaked(): void {
  const names = Object.keys(SEVERITY) as (keyof typeof SEVERITY)[];
  const events = names.flatMap((name) => [...serving.events(name), ...pulling.events(name)]);
  const said = [JSON.stringify(events), ...answers];
  expect(events.length).toBeGreaterThan(0);
  for (const text of said) expect([text, leaksIn(text, SECRETS)]).toEqual([text, []]);
}
const HEADERS = { 'user-agent': SECRETS.agent, 'x-of-mine': SECRETS.header };

it.each<[string, Uint8Array]>([
  ['regions', framed(encodeRequest({ includeRegions: [SECRETS.region] }))],
  [
    'a region that is wanted and refused',
    framed(encodeRequest({ includeRegions: [SECRETS.region], excludeRegions: [SECRETS.region] })),
  ],
  [
    'a token',
    framed(encodeRequest({ state: { keyCursor: { timestamp: 0, nextToken: SECRETS.token } } })),
  ],
  ['a key', framed(SECRETS.key)],
])('what serves keys repeats nothing of %s', async (_, body) => {
  for (const authorization of [await serving.tokenFor(), `Bearer ${SECRETS.bearer}`]) {
    const { message, status } = await rawCall(started.service.url, body, {
      headers: { ...HEADERS, authorization },
    });
    answers.push(`${String(status)} ${message}`);
  }
  expectNothingLeaked();
});

it('what serves keys gives a partner nothing but the keys of its answer', async () => {
  const token = (await serving.tokenFor()).slice('Bearer '.length);
  expect((await rawFetch(started.service.url, {}, token)).keys).toHaveLength(1);
  expectNothingLeaked();
});

const wire = (more: Partial<WireKey>): WireKey => ({
  exposureKey: SECRETS.key,
  ...{ transmissionRisk: 0, intervalNumber: aKey(0).start, intervalCount: 144, reportType: 1 },
  ...{ daysSinceOnsetOfSymptoms: 0, hasSymptomOnset: false, traveler: false, regions: ['US'] },
  verificationAuthorityName: SECRETS.name,
  ...more,
});
const cursor = { timestamp: 7200, nextToken: SECRETS.token };
const page = (keys: readonly WireKey[], more: Partial<WireResponse> = {}): WireResponse => ({
  ...{ keys, revisedKeys: [], partialResponse: false },
  nextFetchState: { keyCursor: cursor, revisedKeyCursor: cursor },
  ...more,
});

it.each<[string, WireResponse | RawRefusal | Buffer]>([
  ['keys that are taken', page([wire({})])],
  ['keys that are known', page([wire({})])],
  ['a bad key', page([wire({ exposureKey: SECRETS.badKey })])],
  ['a bad region', page([wire({ regions: [`${SECRETS.region}!`] })])],
  ['a name without end', page([wire({ verificationAuthorityName: SECRETS.name.repeat(20) })])],
  ['a circle of states', page([], { partialResponse: true })],
  ['bytes that are no answer', framed(SECRETS.key)],
  ['a refusal in words', new RawRefusal({ status: 3, message: SECRETS.status })],
])('what fetches keys repeats nothing of %s', async (_, given) => {
  answer = given;
  pulling.clock.advance(5 * 3_600_000); // no pause after a failure is longer
  const { status, body } = await pulling.pull();
  answers.push(`${String(status)} ${body}`);
  expectNothingLeaked();
});
