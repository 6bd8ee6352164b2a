import { manualTimers } from '@keyserver/time/testing';
import { DeadlineFault, within } from './index.ts';

const never = async (): Promise<never> => await new Promise(() => undefined);

describe('work with a deadline', () => {
  it('gives its outcome, and leaves no timer behind', async () => {
    const timers = manualTimers();
    expect(await within({ ms: 100, timers }, () => Promise.resolve('done'))).toBe('done');
    const failed = within({ ms: 100, timers }, () => Promise.reject(new Error('away')));
    await expect(failed).rejects.toThrow('away');
    expect(timers.waiting).toBe(0);
  });

  it('is given up at its deadline, even if it never notices', async () => {
    const timers = manualTimers();
    const outcome = within({ ms: 100, timers }, never).catch((fault: unknown) => fault);
    await timers.advance(100);
    expect(await outcome).toBeInstanceOf(DeadlineFault);
    expect(await outcome).toMatchObject({ name: 'DeadlineFault', code: 'deadline_passed' });
  });

  it('is told of the deadline by its signal', async () => {
    const timers = manualTimers();
    let told: unknown;
    const outcome = within({ ms: 100, timers }, async (signal) => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      return await never();
    }).catch((fault: unknown) => fault);
    await timers.advance(100);
    expect(told).toBe(await outcome);
  });

  it('may fail after its deadline without anybody being troubled', async () => {
    const timers = manualTimers();
    const outcome = within({ ms: 100, timers }, async (signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      throw new Error('too late');
    });
    const fault = outcome.catch((error: unknown) => error);
    await timers.advance(100);
    expect(await fault).toBeInstanceOf(DeadlineFault);
  });

  it('ends early with the reason of the signal that it is under', async () => {
    const timers = manualTimers();
    const stop = new AbortController();
    const outcome = within({ ms: 100, timers, signal: stop.signal }, never);
    stop.abort(new Error('closed'));
    await expect(outcome).rejects.toThrow('closed');
    expect(timers.waiting).toBe(0);
  });

  it('ends with an error also when the reason is none', async () => {
    const stop = new AbortController();
    const outcome = within({ ms: 100, timers: manualTimers(), signal: stop.signal }, never);
    stop.abort('by hand');
    await expect(outcome).rejects.toThrow('ended early');
  });

  it('does not begin under a signal that was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('closed before'));
    let begun = false;
    const outcome = within({ ms: 100, timers: manualTimers(), signal }, () => {
      begun = true;
      return Promise.resolve();
    });
    await expect(outcome).rejects.toThrow('closed before');
    expect(begun).toBe(false);
  });
});
