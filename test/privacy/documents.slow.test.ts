import { type Ground, type Service, openGround } from '../conformance/publish/ground.ts';
import {
  APPS,
  NOW,
  SECRET,
  bodyOf,
  certificateOver,
  configureSuite,
  macOf,
  newKey,
} from '../conformance/publish/phone.ts';
import { leaksIn } from './spellings.ts';

/*
 * What phones send is searched for in the tables of SQLite by `logs.test.ts`; here in the documents of Firestore, as the stand-in
 * has received them from the real client.
 */
const key = newKey({
  key: Buffer.from('d1e2f3a4b5c6978869504132abcdef01', 'hex').toString('base64'),
});
const otherKey = newKey({
  key: Buffer.from('0badcafe0badf00ddeadbeef8badf00d', 'hex').toString('base64'),
});
const certificate = certificateOver([key], NOW);
const [, claims = '', signature = ''] = certificate.split('.');

/** Everything that nobody may find again, but `key` in the packed records of its upload. */
const SECRETS = {
  key: Buffer.from(key.key, 'base64'),
  otherKey: Buffer.from(otherKey.key, 'base64'),
  hmacKey: SECRET,
  mac: Buffer.from(macOf([key]), 'base64'),
  claims,
  signature: Buffer.from(signature, 'base64url'),
  revisionToken: 'UkVWSVNJT04tVE9LRU4tenE4SzF2WHcz',
  padding: 'cGFkZGluZy1vZi1taW5lLTQ3MTE=',
  userAgent: 'Dalvik/2.1.0 (Linux; Android 12; Distinctive-Phone 9X)',
  address: '203.0.113.77',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  header: 'a-header-value-of-mine-31',
  unknownField: 'unknownFieldOfMine',
  unknownApp: 'com.unknown.application.q7',
  bearer: 'bearer-of-mine-that-is-no-token',
};
const HEADERS = {
  'content-type': 'application/json',
  'user-agent': SECRETS.userAgent,
  'x-forwarded-for': SECRETS.address,
  'x-request-id': SECRETS.header,
  traceparent: `00-${SECRETS.traceId}-00f067aa0ba902b7-01`,
};

let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('Google Cloud', NOW);
  await configureSuite(ground);
  service = await ground.service();
});
afterAll(async () => {
  await ground.close();
});

const send = async (
  body: object | string,
  headers: object = {},
  path?: string,
): Promise<number> => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const init = { headers: { ...HEADERS, ...headers } };
  return (await service.send(text, init, path)).status;
};
const uploadOf = (keys: Parameters<typeof bodyOf>[0], body: object = {}): object =>
  bodyOf(keys, NOW, {
    body: { padding: SECRETS.padding, revisionToken: SECRETS.revisionToken, ...body },
  });

it('finds what was written into a document, so the search would show a leak', async () => {
  const { apps } = { apps: [{ ...APPS.home, id: SECRETS.unknownField.toLowerCase() }] };
  await ground.configure({ apps });
  const found = [...ground.contents()].filter(([, text]) =>
    leaksIn(text, SECRETS).includes('unknownField'),
  );
  expect(found.map(([name]) => name)).toEqual(['authorizedApps']);
});

it('has nothing of uploads, statistics and cover traffic in any document, but keys in their packed records', async () => {
  expect(await send(uploadOf([key], { verificationPayload: certificate }))).toBe(200);
  expect(await send(uploadOf([otherKey], { verificationPayload: certificate }))).toBe(401);
  expect(await send(uploadOf([otherKey], { healthAuthorityID: SECRETS.unknownApp }))).toBe(401);
  expect(await send(uploadOf([otherKey], { [SECRETS.unknownField]: 1 }))).toBe(400);
  expect(await send(`{"${SECRETS.unknownField}`)).toBe(400);
  expect(await send(uploadOf([otherKey]), { 'x-chaff': SECRETS.header })).toBe(200);
  expect(
    await send(
      { padding: SECRETS.padding },
      { authorization: `Bearer ${SECRETS.bearer}` },
      '/v1/stats',
    ),
  ).toBe(401);
  await ground.fold();
  const { unknownField: _, ...secrets } = SECRETS;
  const contents = ground.contents();
  expect(contents.size).toBeGreaterThan(5);
  for (const [name, text] of contents)
    expect([name, leaksIn(text, secrets)]).toEqual([name, name === 'keyBatches' ? ['key'] : []]);
  expect([...contents].filter(([, text]) => text.includes(SECRETS.unknownField))).toEqual([]);
});
