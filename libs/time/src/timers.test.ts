import { every, nextTurn, sleep, systemTimers } from './index.ts';
import { manualTimers } from './testing/index.ts';

describe('the timers of the machine', () => {
  it('run once, in the order in which they are due', async () => {
    const ran: string[] = [];
    await new Promise<void>((resolve) => {
      systemTimers.after(40, () => {
        ran.push('second');
        resolve();
      });
      systemTimers.after(1, () => ran.push('first'));
    });
    expect(ran).toEqual(['first', 'second']);
  });

  it('do nothing once they are cancelled', async () => {
    let ran = false;
    const cancel = systemTimers.after(0, () => {
      ran = true;
    });
    cancel();
    await sleep(systemTimers, 2);
    expect(ran).toBe(false);
  });

  it('go by a time that never goes back', async () => {
    const before = systemTimers.monotonic();
    await sleep(systemTimers, 1);
    expect(systemTimers.monotonic()).toBeGreaterThan(before);
  });
});

describe('sleep', () => {
  it('ends when its time has passed', async () => {
    const timers = manualTimers();
    let over = false;
    void sleep(timers, 100).then(() => {
      over = true;
    });
    await timers.advance(99);
    expect(over).toBe(false);
    await timers.advance(1);
    expect(over).toBe(true);
  });

  it('rejects at once with the reason of its signal, and leaves no timer behind', async () => {
    const timers = manualTimers();
    const stop = new AbortController();
    const asleep = sleep(timers, 100, { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(asleep).rejects.toThrow('stopped');
    expect(timers.waiting).toBe(0);
  });

  it('does not begin under a signal that was aborted before', async () => {
    const timers = manualTimers();
    const signal = AbortSignal.abort(new Error('stopped before'));
    await expect(sleep(timers, 100, { signal })).rejects.toThrow('stopped before');
    expect(timers.waiting).toBe(0);
  });
});

describe('every', () => {
  it('runs again and again until it is cancelled', async () => {
    const timers = manualTimers();
    let runs = 0;
    const cancel = every(timers, 10, () => {
      runs += 1;
    });
    await timers.advance(35);
    expect(runs).toBe(3);
    cancel();
    await timers.advance(100);
    expect([runs, timers.waiting]).toEqual([3, 0]);
  });

  it('may be cancelled by what it runs', async () => {
    const timers = manualTimers();
    let runs = 0;
    const cancel = every(timers, 10, () => {
      runs += 1;
      cancel();
    });
    await timers.advance(100);
    expect([runs, timers.waiting]).toEqual([1, 0]);
  });
});

it('lets others have their turn', async () => {
  const order: string[] = [];
  setImmediate(() => order.push('another'));
  await nextTurn();
  expect(order).toEqual(['another']);
});
