import { recordingLog } from '@keyserver/log/testing';
import { MINUTE, simulatedClock, unixMillis } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { type Supervised, supervise } from './supervise.ts';

/** Longer than every pause. */
const PATIENCE = 60_000;

interface FakeChild {
  readonly asked: string[];
  end(status: number): void;
}

/** A supervised service whose processes a test ends, and whose pauses pass at once unless they are held. */
function supervised(options: { readonly holdPauses?: boolean } = {}) {
  const clock = simulatedClock(unixMillis(0));
  const { log, lines } = recordingLog();
  const children: FakeChild[] = [];
  const pauses: number[] = [];
  const start = () => {
    const asked: string[] = [];
    let resolve: (status: number) => void = () => undefined;
    const ended = new Promise<number>((end) => {
      resolve = end;
    });
    children.push({ asked, end: resolve });
    return {
      ended,
      ask: () => void asked.push('ask'),
      tell: () => void asked.push('tell'),
      kill: () => {
        asked.push('kill');
        resolve(137);
      },
    };
  };
  const timers = {
    ...manualTimers(),
    after: (ms: number, then: () => void) => {
      const isPause = ms > 0 && ms < PATIENCE;
      if (isPause) pauses.push(ms);
      if (ms === 0 || (isPause && options.holdPauses !== true)) queueMicrotask(then);
      return () => undefined;
    },
  };
  const service: Supervised = supervise({ name: 'export', start, timers, clock, log });
  return { service, children, pauses, clock, lines };
}

const settled = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

describe('a supervised service', () => {
  it('is started again when it ends, and says so', async () => {
    const { children, lines } = supervised();
    children[0]?.end(1);
    await settled();
    expect(children).toHaveLength(2);
    expect(JSON.stringify(lines)).toContain('launcher.child_ended');
  });

  it('is given ever longer pauses while it does not stay up, but never more than 30 seconds', async () => {
    const { children, pauses } = supervised();
    for (let n = 0; n < 8; n++) {
      children[n]?.end(1);
      await settled();
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('begins with short pauses again once it has stayed up for a minute', async () => {
    const { children, pauses, clock } = supervised();
    for (const lived of [0, 0, MINUTE, 0]) {
      clock.advance(lived);
      children.at(-1)?.end(1);
      await settled();
    }
    expect(pauses).toEqual([1000, 2000, 1000, 2000]);
  });

  it('is asked to end, and not started again', async () => {
    const { service, children } = supervised();
    const stopped = service.stop(PATIENCE);
    expect(children[0]?.asked).toEqual(['ask']);
    children[0]?.end(0);
    await stopped;
    expect(children).toHaveLength(1);
  });

  it('is told what concerns its present process', async () => {
    const { service, children } = supervised();
    children[0]?.end(1);
    await settled();
    service.tell({ logIsKept: false });
    expect(children.map(({ asked }) => asked)).toEqual([[], ['tell']]);
  });

  it('is killed when its patience is over', async () => {
    const { service, children } = supervised();
    await service.stop(0);
    expect(children[0]?.asked).toEqual(['ask', 'kill']);
  });

  it('stops at once while it waits to be started again', async () => {
    const { service, children, pauses } = supervised({ holdPauses: true });
    children[0]?.end(1);
    await settled();
    expect(pauses).toHaveLength(1);
    await service.stop(PATIENCE);
    expect(children).toHaveLength(1);
  });
});
