import type { OfferedKey } from '@keyserver/exposure-keys';
import type { Answer, Ground } from './ground.ts';
import { APPS, type Sending, bodyOf, newKey } from './phone.ts';

/** Rows about the first API, v1alpha1. */
export function describeFirstApi(on: () => Ground): void {
  describe('the first API', () => {
    describePlaces(on);
    describeUploads(on);
    describeRefusals(on);
    describeForm(on);
  });
}

const PLACES = ['/', '/v1alpha1/publish'];
const ON = { V1ALPHA1: 'true' };
const FIELDS = ['revisionToken', 'insertedExposures', 'error', 'padding'];

/** An upload as apps of the first API write it: for the regions of the app unless told otherwise. */
function alphaBody(keys: readonly OfferedKey[], now: number, sending: Sending = {}): object {
  const { body: changes = {}, ...others } = sending;
  const { healthAuthorityID, hmacKey, ...shared } = bodyOf(keys, now, others) as Readonly<
    Record<string, unknown>
  >;
  return {
    ...{ ...shared, appPackageName: healthAuthorityID, hmackey: hmacKey, regions: [] },
    ...{ platform: 'android', deviceVerificationPayload: 'x' },
    ...changes,
  };
}

async function send(
  on: () => Ground,
  keys: readonly OfferedKey[],
  { path = '/', ...sending }: Sending & { path?: string } = {},
): Promise<Answer> {
  const service = await on().service(ON);
  return await service.send(JSON.stringify(alphaBody(keys, on().clock.now(), sending)), {}, path);
}

function describePlaces(on: () => Ground): void {
  it.each(PLACES)('is not at %s until it is switched on', async (path) => {
    const service = await on().service();
    const body = JSON.stringify(alphaBody([newKey()], on().clock.now()));
    expect((await service.send(body, {}, path)).status).toBe(404);
  });

  it.each(PLACES)('stores an upload at %s once it is', async (path) => {
    const key = newKey();
    const answer = await send(on, [key], { path });
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: 1, error: '' } });
    expect(answer.headers.get('x-api-version')).toBe('v1alpha');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await on().stored(key.key)).toHaveLength(1);
  });

  it.each(['//', '/v1alpha1', '/v1alpha1/publish/'])('is not at %s', async (path) => {
    expect((await send(on, [newKey()], { path })).status).toBe(404);
  });
}

function describeUploads(on: () => Ground): void {
  it.each<[string, Sending, string[], boolean]>([
    [
      'the regions of the app when it names none',
      { app: APPS.manyRegions },
      ['US', 'CA', 'MX'],
      false,
    ],
    [
      'the one region that it names',
      { app: APPS.manyRegions, body: { regions: ['Ca'] } },
      ['CA'],
      false,
    ],
    [
      'several regions, those of a traveler',
      { app: APPS.manyRegions, body: { regions: ['us', 'MX'] } },
      ['US', 'MX'],
      true,
    ],
    [
      'any region of an app that has none',
      { app: APPS.withoutRegions, body: { regions: ['br'] } },
      ['BR'],
      false,
    ],
  ])('stores keys for %s', async (_, sending, regions, traveler) => {
    const key = newKey();
    expect((await send(on, [key], sending)).status).toBe(200);
    const [stored] = await on().stored(key.key);
    expect(stored?.regions.toSorted()).toEqual(regions.toSorted());
    expect(stored?.traveler).toBe(traveler);
  });

  it.each([
    ['hmackey', 'HMACKEY'],
    ['hmackey', 'hmacKey'],
    ['appPackageName', 'apppackagename'],
  ])('knows %s in another case: %s', async (name, other) => {
    const service = await on().service(ON);
    const body = JSON.stringify(alphaBody([newKey()], on().clock.now()));
    expect((await service.send(body.replace(`"${name}"`, `"${other}"`), {}, '/')).status).toBe(200);
  });

  it.each([{ platform: '' }, { platform: 'ios' }, { deviceVerificationPayload: 'y'.repeat(5000) }])(
    'takes %j and does not look at it',
    async (body) => {
      expect((await send(on, [newKey()], { body })).status).toBe(200);
    },
  );

  it('takes the token of an earlier answer', async () => {
    const key = newKey();
    const token = await send(on, [key], { reportType: 'likely' });
    const answer = await send(on, [key], { token, reportType: 'confirmed' });
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: 0, error: '' } });
    expect(await on().stored(key.key)).toHaveLength(2);
  });
}

function describeRefusals(on: () => Ground): void {
  it.each<[string, Sending, number]>([
    ['a region that the app has not', { body: { regions: ['us', 'ca'] } }, 401],
    ['a region in other letters than its app has it', { body: { regions: ['US'] } }, 401],
    [
      'a region that the app has not, before the certificate',
      { body: { regions: ['x'], verificationPayload: '' } },
      401,
    ],
    ['no region where the app has none', { app: APPS.withoutRegions }, 500],
    ['an app that nobody knows', { body: { appPackageName: 'nobody' } }, 401],
    ['a certificate that is none', { body: { verificationPayload: 'x' } }, 401],
    ['a MAC under another secret', { body: { hmackey: '' } }, 401],
    ['no keys for an app that must prove them', { body: { temporaryExposureKeys: [] } }, 401],
    ['the field healthAuthorityID', { body: { healthAuthorityID: 'x' } }, 400],
    ['the field traveler', { body: { traveler: true } }, 400],
    ['regions that are no list', { body: { regions: 'us' } }, 400],
  ])('refuses %s', async (_, sending, status) => {
    const key = newKey();
    const answer = await send(on, [key], sending);
    expect([answer.status, ...Object.keys(answer.body)]).toEqual([status, ...FIELDS]);
    expect(answer.body).toMatchObject({ revisionToken: '', insertedExposures: 0 });
    expect(answer.body['error']).not.toBe('');
    expect(await on().stored(key.key)).toEqual([]);
  });

  it.each<[number, string, RequestInit]>([
    [400, '{', {}],
    [413, ' '.repeat(64_001), {}],
    [415, '{}', { headers: { 'content-type': 'a/b' } }],
    [405, '{}', { method: 'PUT' }],
  ])('answers %i like today’s API, in its own form', async (status, body, init) => {
    const answer = await (await on().service(ON)).send(body, init, '/');
    expect([answer.status, ...Object.keys(answer.body)]).toEqual([status, ...FIELDS]);
    expect(answer.headers.get('x-api-version')).toBe('v1alpha');
  });
}

function describeForm(on: () => Ground): void {
  it('has all fields in its answer, and warnings only where there are some', async () => {
    const taken = await send(on, [newKey()]);
    expect(Object.keys(taken.body)).toEqual(FIELDS);
    const warned = await send(on, [newKey()], { body: { symptomOnsetInterval: 2_697_840 } });
    expect(Object.keys(warned.body).toSorted()).toEqual([...FIELDS, 'warnings'].toSorted());
    expect(warned).toMatchObject({ status: 200, body: { error: '', revisionToken: '' } });
  });

  it('names refused keys beside those that were taken, with 200 and no code', async () => {
    const answer = await send(on, [newKey(), newKey({ rollingPeriod: 145 })]);
    expect(answer).toMatchObject({ status: 200, body: { insertedExposures: 1 } });
    expect(answer.body['error']).not.toBe('');
    expect(answer.body).not.toHaveProperty('code');
  });

  it('leaves today’s API as it is', async () => {
    const service = await on().service(ON);
    const body = JSON.stringify(bodyOf([newKey()], on().clock.now()));
    const answer = await service.send(body);
    expect(Object.keys(answer.body)).toEqual(['revisionToken', 'insertedExposures', 'padding']);
    expect(answer.headers.get('x-api-version')).toBe('v1');
  });
}
