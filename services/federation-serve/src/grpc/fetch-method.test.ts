import { status } from '@grpc/grpc-js';
import { NOON, aKey } from '@keyserver/stores/testing';
import { lifecycles } from '@keyserver/stores';
import { DAY, unixMillis } from '@keyserver/time';
import {
  type FederationServer,
  type Started,
  federationServer,
} from '../testing/federation-server.ts';
import { type CallOutcome, numbersOf } from '../testing/fetch-client.ts';

let server: FederationServer;
let started: Started;
let token = '';
beforeAll(async () => {
  server = await federationServer();
  await server.configure();
  await server.configure({ id: 'slow', subject: 'slow@example', callsPerMinute: 2 });
  await server.configure({ id: 'narrow', subject: 'narrow@example', includeRegions: ['CA'] });
  await server.configure({
    ...{ id: 'padded', subject: 'padded@example', mode: 'padded' },
  });
  const later = { from: unixMillis(NOON + DAY) };
  await server.configure({ id: 'later', subject: 'later@example', ...later });
  await server.storeKeys(
    { keys: [aKey(3), aKey(1)], authority: { id: 7, name: 'Department of Health' } },
    { keys: [aKey(9)], origin: 'padding', sourceId: 'cell' },
  );
  started = await server.start();
  token = await server.tokenFor();
  await started.call({}, { token }); // the first call of all draws the key of tokens, and logs it
});
afterAll(async () => {
  await started.stop();
  server.remove();
});
let before = 0;
beforeEach(() => {
  before = server.events().length;
});
const logged = () => server.events().slice(before);
const statusOf = (outcome: CallOutcome) =>
  'answer' in outcome ? 'OK' : [status[outcome.code], outcome.details];
const ofCall = () => logged().map(({ message }) => message);

describe('a call is unauthenticated', () => {
  const other = async (identity: { subject?: string; audience?: string }) =>
    await server.tokenFor(identity);
  it.each<[string, () => Promise<string | undefined>, string]>([
    ['without a token', () => Promise.resolve(undefined), 'Missing authorization header'],
    ['with another scheme', () => Promise.resolve('Basic eDp5'), 'Invalid authorization header'],
    ['with an empty header', () => Promise.resolve(''), 'Invalid authorization header'],
    [
      'with nothing behind the scheme',
      () => Promise.resolve('Bearer'),
      'Invalid authorization header',
    ],
    ['with what is no token', () => Promise.resolve('Bearer x'), 'Invalid token'],
    [
      'with a forged token',
      () => Promise.resolve(`${token.slice(0, -9)}AAAAAAAAA`),
      'Invalid token',
    ],
    [
      'with the token of a stranger',
      () => other({ subject: 'x@example' }),
      'Invalid issuer/subject',
    ],
    [
      'with a token for somebody else',
      () => other({ audience: 'https://other.example' }),
      'Invalid audience',
    ],
  ])(
    '%s, in the words of the reference server, and nothing is said of why',
    async (_how, header, text) => {
      const given = await header();
      const outcome = await started.call({}, given === undefined ? {} : { token: given });
      expect(statusOf(outcome)).toEqual(['UNAUTHENTICATED', text]);
      expect(ofCall()).toEqual(['caller.refused']);
    },
  );
});

describe('a partner is refused', () => {
  it.each([
    ['bytes that are no request', Buffer.from([0xff]), 'The request is no FederationFetchRequest.'],
    [
      'a region that is wanted and refused',
      { includeRegions: ['us'], excludeRegions: ['US'] },
      'A region is both included and excluded.',
    ],
    [
      'a state of another server',
      { state: { keyCursor: { timestamp: 100, nextToken: 'NTAw' } } },
      'The state is none of this server: begin without tokens, from the timestamp that you keep.',
    ],
    [
      'a state of tomorrow',
      { state: { keyCursor: { timestamp: Date.UTC(2026, 0, 17) / 1000 } } },
      'The state is of a later time than this server has: is a clock wrong?',
    ],
    [
      'an empty region',
      { excludeRegions: [''] },
      'There are too many regions in the request, or one is empty or too long.',
    ],
  ])('%s', async (_what, request, text) => {
    expect(statusOf(await started.call(request, { token }))).toEqual(['INVALID_ARGUMENT', text]);
    expect(ofCall()).toEqual(['federation.refused']);
  });

  it('calls beyond those of its minute, and is told when to come back', async () => {
    const slow = await server.tokenFor({ subject: 'slow@example' });
    const outcomes: CallOutcome[] = [];
    for (let n = 0; n < 3; n++) outcomes.push(await started.call({}, { token: slow }));
    expect(outcomes.map(statusOf).slice(0, 2)).toEqual(['OK', 'OK']);
    const last = outcomes[2]!;
    if ('answer' in last) throw new Error('it was answered');
    expect(last.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(last.details).toMatch(/^There are too many calls in a minute\. Try again in \d+ s\.$/);
    expect(Number(last.pushback)).toBeGreaterThan(1000);
    expect(Number(last.pushback)).toBeLessThanOrEqual(30_000);
  });

  it('a request that is larger than any real one', async () => {
    const outcome = await started.call(Buffer.alloc(70_000), { token });
    expect(statusOf(outcome)).toEqual(['RESOURCE_EXHAUSTED', expect.any(String)]);
  });

  it('keys while it is to be given padding', async () => {
    const padded = await server.tokenFor({ subject: 'padded@example' });
    const outcome = await started.call({}, { token: padded });
    expect('answer' in outcome && outcome.answer.keys).toEqual([]);
  });
});

describe('a partner', () => {
  it('gets keys, who verified them, and none that was generated; one event counts them', async () => {
    const outcome = await started.call({}, { token });
    if (!('answer' in outcome)) throw new Error(outcome.details);
    expect(numbersOf(outcome.answer.keys)).toEqual([1, 3]);
    expect(outcome.answer.keys[0]).toMatchObject({
      ...{ regions: ['US'], verificationAuthorityName: 'Department of Health' },
    });
    expect(logged()).toMatchObject([
      {
        ...{ message: 'federation.served', partner: 'neighbour', keys: 2, revised: 0 },
        ...{ leftOut: 0, partial: false, behind: 0 },
      },
    ]);
  });

  it('is not behind, whatever is stored, before it begins', async () => {
    const later = await server.tokenFor({ subject: 'later@example' });
    await started.call({}, { token: later });
    expect(logged()).toMatchObject([{ message: 'federation.served', keys: 0, behind: 0 }]);
  });

  it('gets nothing outside its grant', async () => {
    const narrow = await server.tokenFor({ subject: 'narrow@example' });
    for (const includeRegions of [[], ['US'], ['CA']]) {
      const outcome = await started.call({ includeRegions }, { token: narrow });
      expect('answer' in outcome && outcome.answer.keys).toEqual([]);
    }
  });

  it('logs no key, token or text of a partner', async () => {
    await started.call({ includeRegions: ['SECRETREGION'] }, { token });
    await started.call({ state: { keyCursor: { nextToken: 'SECRETTOKEN' } } }, { token });
    const lines = JSON.stringify(logged());
    expect(lines).toMatch(/federation\.served[^]*federation\.refused/);
    expect(lines).not.toMatch(/SECRET|Bearer|partner@neighbour/);
    expect(lines).not.toContain(token.slice('Bearer '.length, 60));
  });
});

describe('a server that was emptied', () => {
  it.each([
    ['ended', 'decommission', 'FAILED_PRECONDITION', 'This server has ended.'],
    ['hibernating', 'hibernate', 'UNAVAILABLE', 'This server sleeps.'],
  ] as const)('and is %s tells so to whoever asks', async (state, goal, code, text) => {
    const other = await federationServer();
    await other.onPlatform(async ({ store }) => {
      await store.transact(async (tx) => {
        await tx.get(lifecycles, ['server']);
        tx.set(lifecycles, 'server', { state, goal, since: 0, closesAt: 0, keepFilesMs: 0 });
      });
    });
    const running = await other.start();
    expect(statusOf(await running.call({}, {}))).toEqual([code, expect.stringContaining(text)]);
    await running.stop();
    other.remove();
  });
});
