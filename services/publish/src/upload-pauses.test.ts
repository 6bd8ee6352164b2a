import { StoreFault } from '@keyserver/docstore';
import { recordingLog } from '@keyserver/log/testing';
import { type Pause, type PauseKind, appDocument, appOf } from '@keyserver/stores';
import { SECOND, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { expectPadded, expectRefusal } from './testing/answers.ts';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from './testing/publish-server.ts';
import { aKey, anUpload, app, bypassApp, certificateFor } from './testing/uploads.ts';
import { type UploadPauses, keepPauses } from './upload-pauses.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

const aPause = (kind: PauseKind, target: string): Pause => ({
  ...{ id: `${kind}-${target}`, kind, target, regions: [], anyRegion: false },
  ...{ since: unixMillis(0), alertedAt: undefined },
});

/** What is read of the pauses, as a test changes it. */
function world(...pauses: readonly Pause[]) {
  const timers = manualTimers();
  const log = recordingLog();
  const read = { pauses, apps: [app, bypassApp], count: 0, fails: false };
  const deps = {
    readPauses: async () => {
      read.count += 1;
      if (read.fails) throw new StoreFault('unavailable', 'the store is away');
      return await Promise.resolve(read.pauses);
    },
    listApps: async () => await Promise.resolve(read.apps),
    ...{ defaultRegions: ['FR'], timers, log: log.log },
  };
  return { timers, log, read, keep: async () => await keepPauses(deps) };
}

const upload = { app: app.id, regions: app.regions };
const PAUSED = aPause('app', app.id);

describe('pauses', () => {
  it('are known from the start, and learned of within ten seconds, without a read for an upload', async () => {
    const { read, keep, timers } = world(PAUSED);
    const pauses = await keep();
    expect(await pauses.keepWaiting(upload)).toBe(true);
    read.pauses = [];
    await timers.advance(10 * SECOND);
    expect(await pauses.keepWaiting(upload)).toBe(false);
    read.pauses = [PAUSED];
    await timers.advance(9 * SECOND);
    expect(await pauses.keepWaiting(upload)).toBe(false);
    await timers.advance(SECOND);
    expect(await pauses.keepWaiting(upload)).toBe(true);
    expect(read.count).toBe(3);
    await pauses.stop();
  });

  it('keep what was read while the store is away for a moment, and then no upload is taken unseen', async () => {
    const { read, keep, log, timers } = world(PAUSED);
    const pauses = await keep();
    read.fails = true;
    await timers.advance(10 * SECOND);
    expect(await pauses.keepWaiting(upload)).toBe(true);
    expect(log.events('publish.pauses_not_read')).toHaveLength(1);
    for (let n = 0; n < 3; n++) await timers.advance(10 * SECOND);
    await expect(pauses.keepWaiting(upload)).rejects.toThrow('the store is away');
    read.fails = false;
    expect(await pauses.keepWaiting(upload)).toBe(true);
    await pauses.stop();
  });

  it('that could not be read at the start keep no upload from a fault', async () => {
    const { read, keep } = world();
    read.fails = true;
    const pauses = await keep();
    await expect(pauses.keepWaiting(upload)).rejects.toThrow('the store is away');
    expect(pauses.keepAllWaiting()).toBe(false);
    await pauses.stop();
  });

  it('are read no more once they are stopped', async () => {
    const { read, keep, timers } = world();
    const pauses = await keep();
    await pauses.stop();
    await timers.advance(30 * SECOND);
    expect(read.count).toBe(1);
  });

  const [first = ''] = app.regions;
  it.each<[string, readonly Pause[], boolean]>([
    ['none is there', [], false],
    ['one app of two is paused', [PAUSED], false],
    ['each app is paused', [PAUSED, aPause('app', bypassApp.id)], true],
    ['a region of one app is paused', [aPause('region', 'XX')], false],
    ['a query is paused', [aPause('query', app.id)], false],
    [
      'regions of all apps are paused',
      [aPause('region', first), aPause('app', bypassApp.id)],
      true,
    ],
  ])('keep all uploads waiting when %s: so it is', async (_, all, waits) => {
    const { keep } = world(...all);
    const pauses = await keep();
    expect(pauses.keepAllWaiting()).toBe(waits);
    await pauses.stop();
  });

  it('keep all uploads waiting of an app without regions by the default region, and of no apps never', async () => {
    const { read, keep, timers } = world(aPause('region', 'FR'));
    read.apps = [appOf('any.app', appDocument({ ...app, id: 'any.app', regions: [] }))];
    const pauses = await keep();
    expect(pauses.keepAllWaiting()).toBe(true);
    read.apps = [];
    await timers.advance(10 * SECOND);
    expect(pauses.keepAllWaiting()).toBe(false);
    await pauses.stop();
  });
});

describe('an upload', () => {
  const over = (waits: (asked: string) => boolean, all = false): UploadPauses => ({
    keepWaiting: async ({ app: id, regions }) =>
      await Promise.resolve([id, ...regions].some((one) => waits(one))),
    keepAllWaiting: () => all,
  });
  let taken = 500;
  const send = async (server: TestServer, appId: string) => {
    const keys = [aKey((taken += 1))];
    return await server.post(anUpload(keys, { appId, certificate: certificateFor(keys) }));
  };

  it('of a paused app is answered 503 with Retry-After, padded, and stores nothing', async () => {
    const server = await aPublishServer({ pauses: over((one) => one === app.id) });
    const answer = await send(server, app.id);
    expectRefusal(answer, 503, 'internal_error');
    expectPadded(answer);
    expect(answer.headers.get('retry-after')).toBe('300');
    expect(await server.stored()).toEqual([]);
    expect(server.log.events('publish.refused')).toMatchObject([{ code: 'paused', app: app.id }]);
  });

  it('of a paused region is answered so, whatever its certificate', async () => {
    const server = await aPublishServer({ pauses: over((one) => one === app.regions[0]) });
    const answer = await server.post(anUpload([aKey(900)], { appId: app.id, certificate: 'none' }));
    expectRefusal(answer, 503, 'internal_error');
  });

  it('of another app is stored', async () => {
    const server = await aPublishServer({ pauses: over((one) => one === bypassApp.id) });
    expect((await send(server, app.id)).status).toBe(200);
    expect(await server.stored()).toHaveLength(1);
  });

  it('of an unknown app learns nothing of pauses', async () => {
    const server = await aPublishServer({ pauses: over(() => true) });
    expectRefusal(await send(server, 'nobody'), 401, 'unknown_health_authority_id');
  });

  const headersOf = (answer: { readonly headers: Headers }) => [...answer.headers.keys()];

  it('is covered by decoys that are answered as it is, once every app is paused', async () => {
    const server = await aPublishServer({ pauses: over(() => true, true) });
    const [real, decoy] = [
      await send(server, app.id),
      await server.send('anything', { headers: { 'X-Chaff': '1' } }),
    ];
    expect(decoy.status).toBe(real.status);
    expect(headersOf(decoy)).toEqual(headersOf(real));
    expect(decoy.headers.get('retry-after')).toBe(real.headers.get('retry-after'));
    expect({ ...decoy.body, padding: '' }).toEqual({ ...real.body, padding: '' });
  });

  it('of one app among others does not change the answers to decoys', async () => {
    const server = await aPublishServer({ pauses: over((one) => one === app.id) });
    const decoy = await server.send('anything', { headers: { 'X-Chaff': '1' } });
    expect(decoy.status).toBe(200);
    expect(Object.keys(decoy.body)).toEqual(['padding']);
  });
});
