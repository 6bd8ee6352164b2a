import { once } from 'node:events';
import { type Settings, connect } from 'node:http2';
import {
  type FederationServer,
  type Started,
  federationServer,
} from '@keyserver/federation-serve/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { NOON, aKey } from '@keyserver/stores/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import { type RawCall, framed, rawCall, rawFetch, unframed } from './raw-frames.ts';
import { decodeResponse, encodeRequest } from './wire.ts';

let server: FederationServer;
let started: Started;
let token = '';
beforeAll(async () => {
  server = await federationServer();
  await server.configure({ maxPageKeys: 100, callsPerMinute: 6000 });
  const later = { window: unixMillis(NOON - 1 * HOUR), kind: 'revision' } as const;
  const onset = { keys: [aKey(1, { onsetDays: 0 }), aKey(2, { onsetDays: undefined })] };
  const authority = { id: 1, name: 'Gesundheitsamt Köln' };
  await server.storeKeys(
    { ...onset, authority },
    { keys: [aKey(2, { reportType: 'negative' })], ...later },
    { keys: [aKey(3, { reportType: 'user-report' })], traveler: true },
  );
  server.clock.advance(HOUR);
  started = await server.start();
  token = await server.tokenFor();
});
afterAll(async () => {
  await started.stop();
  server.remove();
  await closeTestStores();
});

const EMPTY = framed(encodeRequest({}));
const call = async (body: Uint8Array, more: RawCall = {}) =>
  await rawCall(started.service.url, body, { headers: { authorization: token }, ...more });

it('answers frames that no library made, field by field', async () => {
  const answer = await call(EMPTY);
  expect(answer).toMatchObject({ httpStatus: 200, status: 0 });
  expect(answer.contentType).toMatch(/^application\/grpc/);
  const { keys, revisedKeys, partialResponse, nextFetchState } = decodeResponse(
    unframed(answer.body),
  );
  const common = { intervalCount: 144, intervalNumber: aKey(1).start, traveler: false };
  const name = { verificationAuthorityName: 'Gesundheitsamt Köln', regions: ['US'] };
  expect(keys).toMatchObject([
    { ...common, ...name, hasSymptomOnset: true, daysSinceOnsetOfSymptoms: 0, reportType: 1 },
    { ...common, ...name, hasSymptomOnset: false, reportType: 1 },
    { reportType: 3, traveler: true, verificationAuthorityName: '' },
  ]);
  expect(revisedKeys).toMatchObject([{ exposureKey: aKey(2).data, reportType: 5 }]);
  expect(partialResponse).toBe(false);
  expect(nextFetchState?.keyCursor).toEqual(nextFetchState?.revisedKeyCursor);
});

it('takes a message with fields that it does not know', async () => {
  const unknown = Buffer.from([0xfa, 0x3f, 2, 104, 105]);
  expect(await call(framed(Buffer.concat([encodeRequest({}), unknown])))).toMatchObject({
    status: 0,
  });
});

it.each<[string, number, Uint8Array]>([
  ['bytes that are no message', 3, framed(Buffer.from([0x0a, 200, 1]))],
  [
    'a region that is wanted and refused',
    3,
    framed(encodeRequest({ includeRegions: ['us'], excludeRegions: ['US'] })),
  ],
  ['an empty region', 3, framed(encodeRequest({ includeRegions: [''] }))],
  ['a region without end', 3, framed(encodeRequest({ includeRegions: ['U'.repeat(65)] }))],
  [
    'more regions than there are',
    3,
    framed(encodeRequest({ includeRegions: Array.from({ length: 1001 }, (_, n) => `R${n}`) })),
  ],
  [
    'a token of another server',
    3,
    framed(encodeRequest({ state: { keyCursor: { timestamp: 0, nextToken: 'MTIz' } } })),
  ],
  [
    'a time that lies ahead',
    3,
    framed(encodeRequest({ state: { keyCursor: { timestamp: 4e9, nextToken: '' } } })),
  ],
  [
    'a time before all time',
    3,
    framed(encodeRequest({ state: { keyCursor: { timestamp: -5, nextToken: '' } } })),
  ],
])('refuses %s', async (_, status, body) => {
  expect(await call(body)).toMatchObject({ httpStatus: 200, status, body: Buffer.alloc(0) });
});

it('refuses a token in which one bit is changed', async () => {
  const { nextFetchState } = await rawFetch(
    started.service.url,
    { maxExposureKeys: 1 },
    token.slice(7),
  );
  const { timestamp, nextToken } = nextFetchState!.keyCursor!;
  const bytes = Buffer.from(nextToken, 'base64url');
  for (const at of [0, 3, 7, 9, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    const cursor = { timestamp, nextToken: changed.toString('base64url') };
    const body = framed(encodeRequest({ state: { keyCursor: cursor } }));
    expect(await call(body)).toMatchObject({ status: 3 });
  }
});

it.each<[string, string, RawCall['headers']]>([
  ['no token', 'Missing authorization header', {}],
  [
    'something else than a bearer token',
    'Invalid authorization header',
    { authorization: 'Basic eDp5' },
  ],
  ['a token of nobody', 'Invalid token', { authorization: 'Bearer x.y.z' }],
])('refuses %s as the reference server does', async (_, message, headers = {}) => {
  expect(await call(EMPTY, { headers })).toMatchObject({ httpStatus: 200, status: 16, message });
});

it('refuses who is not granted anything, and a token that is meant for somebody else', async () => {
  const stranger = await server.tokenFor({ subject: 'stranger@neighbour.example' });
  const meant = await server.tokenFor({ audience: 'https://elsewhere.example' });
  expect(await call(EMPTY, { headers: { authorization: stranger } })).toMatchObject({
    ...{ status: 16, message: 'Invalid issuer/subject' },
  });
  expect(await call(EMPTY, { headers: { authorization: meant } })).toMatchObject({
    ...{ status: 16, message: 'Invalid audience' },
  });
});

it.each<[string, Uint8Array, RawCall]>([
  ['a frame without its end', EMPTY.subarray(0, 3), {}],
  ['a frame that says more than it has', Buffer.from([0, 0, 0, 1, 0, 10]), {}],
  ['two messages', Buffer.concat([EMPTY, EMPTY]), {}],
  ['a message of megabytes', framed(Buffer.alloc(5_000_000)), {}],
])('gives no keys for %s', async (_, body, more) => {
  const answer = await call(body, more);
  expect(answer.status).not.toBe(0);
  expect(answer.body).toHaveLength(0);
});

it('tells a connection how many calls it may have at a time', async () => {
  const session = connect(started.service.url);
  const [settings] = (await once(session, 'remoteSettings')) as [Settings];
  session.destroy();
  expect(settings.maxConcurrentStreams).toBe(16);
});

it('knows no other method', async () => {
  expect(await call(EMPTY, { path: '/Federation/Push' })).toMatchObject({ status: 12 });
});

it('still answers after all of that', async () => {
  expect(await call(EMPTY)).toMatchObject({ status: 0 });
});
