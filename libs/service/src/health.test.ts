import { manualTimers } from '@keyserver/time/testing';
import { recordingLog } from '@keyserver/log/testing';
import { type SimulatedClock, simulatedClock, unixMillis } from '@keyserver/time';
import { HealthFault, healthWatch, namedProbe, probeAll, problemsOf, seldom } from './health.ts';
import { type TestService, aService } from './testing/an-app.ts';

describe('the health of a service', () => {
  let service: TestService;
  let isAway: boolean;
  let asked: number;

  beforeEach(async () => {
    isAway = false;
    asked = 0;
    const health = async (): Promise<void> => {
      asked += 1;
      await Promise.resolve();
      if (isAway) throw new Error('the store at 10.0.0.7 is away');
    };
    service = await aService({ health });
  });
  afterEach(async () => {
    await service.server.close();
  });

  it('is 200 with a fixed body', async () => {
    const response = await service.fetch('/health');
    expect([response.status, await response.text()]).toEqual([200, '{"status": "ok"}']);
  });

  it('is 500 without a reason while something is away', async () => {
    isAway = true;
    const response = await service.fetch('/health');
    expect([response.status, await response.text()]).toEqual([
      500,
      '{"status":"unhealthy","problems":["fault"]}',
    ]);
    expect(service.lines.join('')).not.toContain('10.0.0.7');
  });

  it('is asked once for many who ask at the same time, and again a second later', async () => {
    await Promise.all([1, 2, 3].map(async () => await service.fetch('/health')));
    service.clock.advance(999);
    await service.fetch('/health');
    expect(asked).toBe(1);
    service.clock.advance(1);
    await service.fetch('/health');
    expect(asked).toBe(2);
  });

  it('is asked again after the clock was set back', async () => {
    await service.fetch('/health');
    isAway = true;
    service.clock.set(unixMillis(1_600_000_000_000));
    expect((await service.fetch('/health')).status).toBe(500);
  });

  it('is logged when it changes, not each time that somebody asks', async () => {
    for (const away of [true, true, false, false]) {
      isAway = away;
      await service.fetch('/health');
      service.clock.advance(1000);
    }
    const messages = service.events().map(({ message }) => message);
    const changes = messages.filter((message) => message.startsWith('service.'));
    expect(changes).toEqual(['service.unhealthy', 'service.healthy']);
  });
});

it('counts a probe that never answers as bad', async () => {
  const { log, events } = recordingLog();
  const timers = manualTimers();
  const never = async (): Promise<never> => await new Promise(() => undefined);
  const isHealthy = healthWatch(never, { clock: simulatedClock(unixMillis(0)), timers, log });
  const answer = isHealthy();
  await timers.advance(5000);
  expect((await answer).problems).toEqual(['no_answer']);
  expect(events('service.unhealthy')).toHaveLength(1);
});

describe('a probe of several', () => {
  const away = async (): Promise<void> => {
    await Promise.resolve();
    throw new HealthFault('store_unavailable', 'the store is away');
  };
  const full = async (): Promise<void> => {
    await Promise.resolve();
    throw new HealthFault('disk_full', 'the disk is full');
  };
  const fine = (): Promise<void> => Promise.resolve();
  const watch = (...probes: readonly (() => Promise<void>)[]) => {
    const recording = recordingLog();
    const timers = manualTimers();
    return {
      ...recording,
      findings: healthWatch(probeAll(timers, probes), {
        ...{ clock: simulatedClock(unixMillis(0)), timers },
        log: recording.log,
      }),
    };
  };

  it('is healthy when all of them are', async () => {
    expect((await watch(fine, fine).findings()).problems).toEqual([]);
  });

  it('names each problem once, in the answer and in the event', async () => {
    const { findings, events } = watch(fine, full, away, full);
    expect((await findings()).problems).toEqual(['disk_full', 'store_unavailable']);
    expect(events('service.unhealthy')).toMatchObject([
      { problems: ['disk_full', 'store_unavailable'] },
    ]);
  });

  it('tells the causes of all of them', async () => {
    const { findings, events } = watch(full, away);
    await findings();
    expect(events('service.unhealthy')).toMatchObject([
      { causes: [{ code: 'disk_full' }, { code: 'store_unavailable' }] },
    ]);
  });
});

describe('a probe that is asked seldom', () => {
  const every = 10_000;
  let clock: SimulatedClock;
  let asked: number;
  let isAway: boolean;
  const probe = async (): Promise<void> => {
    asked += 1;
    await Promise.resolve();
    if (isAway) throw new HealthFault('store_damaged', 'damaged');
  };

  beforeEach(() => {
    clock = simulatedClock(unixMillis(1_700_000_000_000));
    asked = 0;
    isAway = false;
  });

  it('holds for a while when it was well', async () => {
    const rare = seldom(probe, every, clock);
    await rare();
    clock.advance(every - 1);
    await rare();
    expect(asked).toBe(1);
    clock.advance(1);
    await rare();
    expect(asked).toBe(2);
  });

  it('is asked again at once while it is not', async () => {
    const rare = seldom(probe, every, clock);
    isAway = true;
    await expect(rare()).rejects.toThrow('damaged');
    await expect(rare()).rejects.toThrow('damaged');
    isAway = false;
    await rare();
    expect(asked).toBe(3);
  });

  it('is asked again after the clock was set back', async () => {
    const rare = seldom(probe, every, clock);
    await rare();
    clock.set(unixMillis(1_600_000_000_000));
    await rare();
    expect(asked).toBe(2);
  });
});

describe('damage that a request has met', () => {
  const damaged = Object.assign(new Error('broken page'), { problem: 'store_damaged' });
  const away = Object.assign(new Error('away'), { problem: 'store_unavailable' });
  const serviceThatThrows = async (fault: Error): Promise<TestService> =>
    await aService({
      routes: (app) => {
        app.get('/', () => {
          throw fault;
        });
      },
    });

  it('is told by health for five minutes, although no probe finds it', async () => {
    const service = await serviceThatThrows(new Error('failed', { cause: damaged }));
    expect((await service.fetch('/health')).status).toBe(200);
    await service.fetch('/');
    service.clock.advance(1000);
    expect(await (await service.fetch('/health')).json()).toEqual({
      status: 'unhealthy',
      problems: ['store_damaged'],
    });
    service.clock.advance(300_000);
    expect((await service.fetch('/health')).status).toBe(200);
    await service.server.close();
  });

  it.each([away, new Error('a mistake')])('is nothing else, such as: %s', async (fault) => {
    const service = await serviceThatThrows(fault);
    await service.fetch('/');
    expect((await service.fetch('/health')).status).toBe(200);
    await service.server.close();
  });
});

describe('what a failed probe means', () => {
  const faultWith = (more: object, cause?: unknown): Error =>
    Object.assign(new Error('failed', cause === undefined ? {} : { cause }), more);

  it('is what the fault says itself, or its cause', () => {
    const damaged = faultWith({ problem: 'store_damaged' });
    expect(problemsOf(damaged)).toEqual(['store_damaged']);
    expect(problemsOf(faultWith({}, damaged))).toEqual(['store_damaged']);
    expect(problemsOf(new HealthFault('export_late', 'late', { cause: damaged }))).toEqual([
      'export_late',
    ]);
  });

  it.each([
    new Error('away'),
    'thrown text',
    undefined,
    faultWith({ problem: 'a word of its own' }),
    faultWith({ problem: 7 }, 'thrown text'),
  ])('is a fault when nobody names it: %s', (fault) => {
    expect(problemsOf(fault)).toEqual(['fault']);
  });

  it('is found out in bounded time when causes go round', () => {
    const circular = new Error('round');
    circular.cause = circular;
    expect(problemsOf(circular)).toEqual(['fault']);
  });
});

class Known extends Error {}

const failing = (fault: Error) => namedProbe('part_missing', Known, () => Promise.reject(fault));

describe('a probe with a name for one class of faults', () => {
  it('names that class, and keeps its sentence', async () => {
    const asked = failing(new Known('the keys are gone'))();
    await expect(asked).rejects.toThrow(HealthFault);
    await expect(asked).rejects.toMatchObject({
      code: 'part_missing',
      message: 'the keys are gone',
    });
  });

  it('leaves other faults as they are', async () => {
    const fault = new Error('away');
    await expect(failing(fault)()).rejects.toBe(fault);
  });

  it('is content when its probe is', async () => {
    await expect(namedProbe('part_missing', Known, () => Promise.resolve())()).resolves.toBe(
      undefined,
    );
  });
});
