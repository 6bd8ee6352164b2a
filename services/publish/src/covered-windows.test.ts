import { recordingLog } from '@keyserver/log/testing';
import { HealthFault } from '@keyserver/service';
import { CoverageFault } from '@keyserver/stores';
import { HOUR, alwaysWindow, unixMillis, windowLength } from '@keyserver/time';
import { alertWhenCovered, windowsOpen } from './covered-windows.ts';
import {
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from './testing/publish-server.ts';
import { aKey, anUpload } from './testing/uploads.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

const covered = async () => await Promise.reject(new CoverageFault('us'));

describe('an upload whose keys would be in no file', () => {
  it('gets 503 and a time to try again, and alerts', async () => {
    const { log, events } = recordingLog();
    const server = await aPublishServer({ storeUpload: alertWhenCovered(covered, log) });
    const answer = await server.post(anUpload([aKey(1)]));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
    expect(answer.body).toMatchObject({ code: 'internal_error' });
    expect(events('publish.window_covered')).toMatchObject([{ severity: 'ALERT', config: 'us' }]);
  });

  it('is told apart from other faults, which are passed on alone', async () => {
    const { log, lines } = recordingLog();
    const upload = alertWhenCovered(async () => await Promise.reject(new Error('away')), log);
    await expect(upload({} as Parameters<typeof upload>[0])).rejects.toThrow('away');
    expect(lines).toEqual([]);
  });
});

describe('health', () => {
  const windows = () => alwaysWindow(windowLength(HOUR)!);
  const probeAt = (now: number, coveredUntil: number) =>
    windowsOpen({
      windows,
      store: { now: async () => await Promise.resolve(unixMillis(now)) },
      coverage: async () =>
        await Promise.resolve([
          {
            config: { id: 'us', thru: undefined } as never,
            coveredUntil: unixMillis(coveredUntil),
            takes: () => true,
          },
        ]),
    });

  it('says when exports are cut past windows that are open', async () => {
    const fault: unknown = await probeAt(5 * HOUR + 1, 5 * HOUR + 1)().catch(
      (thrown: unknown) => thrown,
    );
    expect(fault).toBeInstanceOf(HealthFault);
    expect(fault).toMatchObject({ code: 'window_covered' });
  });

  it('is well while they are cut up to the open window', async () => {
    await expect(probeAt(5 * HOUR + 1, 5 * HOUR)()).resolves.toBeUndefined();
  });

  it('fails with the store', async () => {
    const away = async () => await Promise.reject(new Error('away'));
    const probe = windowsOpen({ windows, store: { now: away }, coverage: away });
    await expect(probe()).rejects.toThrow('away');
  });
});
