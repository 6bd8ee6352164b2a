import { simulatedClock, unixMillis } from '@keyserver/time';
import { type HeldLease, LeaseFault, type Leases, type TooEarly, withLease } from './index.ts';
import { manualTimers } from '@keyserver/time/testing';
import { memoryLeases } from './testing/index.ts';

const LENGTH = 60_000;

function leasing(change: (leases: Leases) => Partial<Leases> = () => ({})) {
  const clock = simulatedClock(unixMillis(1_700_000_000_000));
  const timers = manualTimers();
  const sound = memoryLeases(clock);
  const leases: Leases = { ...sound, ...change(sound) };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1000) {
      clock.advance(1000);
      await timers.advance(1000);
    }
  };
  const under = async <T>(
    work: (held: HeldLease) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | TooEarly> => {
    const lease = { leases, name: 'do-work', lengthMs: LENGTH, timers };
    return await withLease(signal === undefined ? lease : { ...lease, signal }, work);
  };
  return { clock, timers, leases, pass, under };
}

const away = (): Promise<never> => Promise.reject(new Error('the store is away'));

describe('work under a lease', () => {
  it('gives back what the work gave, and the lease', async () => {
    const { leases, timers, under } = leasing();
    expect(await under(() => Promise.resolve('worked'))).toBe('worked');
    expect(await leases.acquire('do-work', LENGTH)).toMatchObject({ fence: 2 });
    expect(timers.waiting).toBe(0);
  });

  it('is not done while another holds the lease', async () => {
    const { leases, timers, under } = leasing();
    await leases.acquire('do-work', LENGTH);
    let worked = false;
    const work = (): Promise<void> => {
      worked = true;
      return Promise.resolve();
    };
    expect(await under(work)).toEqual({ kind: 'too_early' });
    expect(worked).toBe(false);
    expect(timers.waiting).toBe(0);
  });

  it('is done by one of two who start at once', async () => {
    const { under } = leasing();
    const outcomes = await Promise.all(
      [1, 2].map(async (n) => await under(() => Promise.resolve(n))),
    );
    expect(outcomes).toEqual([1, { kind: 'too_early' }]);
  });

  it('keeps the lease for as long as the work takes', async () => {
    const { leases, pass, under } = leasing();
    await under(async ({ signal, lease }) => {
      const { fence, expiresAt } = lease();
      await pass(10 * LENGTH);
      expect(signal.aborted).toBe(false);
      expect(await leases.acquire('do-work', LENGTH)).toBeUndefined();
      expect(lease().fence).toBe(fence);
      expect(lease().expiresAt).toBeGreaterThan(expiresAt);
    });
  });

  it('passes on the fault of the work and gives the lease back', async () => {
    const { leases, timers, under } = leasing();
    await expect(under(away)).rejects.toThrow('the store is away');
    expect(await leases.acquire('do-work', LENGTH)).toMatchObject({ name: 'do-work' });
    expect(timers.waiting).toBe(0);
  });

  it('passes on the fault of acquiring', async () => {
    const { timers, under } = leasing(() => ({ acquire: away }));
    await expect(under(() => Promise.resolve())).rejects.toThrow('the store is away');
    expect(timers.waiting).toBe(0);
  });

  it('stands although the lease cannot be given back', async () => {
    const { under } = leasing(() => ({ release: away }));
    expect(await under(() => Promise.resolve('worked'))).toBe('worked');
  });

  it('is aborted by the signal of its caller', async () => {
    const { under } = leasing();
    const deadline = new AbortController();
    await under(({ signal }) => {
      deadline.abort(new Error('deadline'));
      expect(signal.reason).toBe(deadline.signal.reason);
      return Promise.resolve();
    }, deadline.signal);
    expect.assertions(1);
  });
});

describe('a lost lease', () => {
  it('aborts the work at the next renewal', async () => {
    const { pass, under } = leasing(() => ({ renew: () => Promise.resolve(undefined) }));
    await under(async ({ signal }) => {
      await pass(LENGTH / 3);
      expect(signal.reason).toBeInstanceOf(LeaseFault);
    });
    expect.assertions(1);
  });

  it('is noticed when the store is away, no later than the lease ends', async () => {
    const { pass, under } = leasing(() => ({ renew: away }));
    await under(async ({ signal }) => {
      await pass(LENGTH - 1000);
      expect(signal.aborted).toBe(false);
      await pass(1000);
      expect(signal.reason).toBeInstanceOf(LeaseFault);
    });
    expect.assertions(2);
  });

  it('is noticed when a renewal never answers', async () => {
    const answers: (() => void)[] = [];
    const { pass, under } = leasing(({ renew }) => ({
      renew: async (...args) => {
        await new Promise<void>((resolve) => answers.push(resolve));
        return await renew(...args);
      },
    }));
    await under(async ({ signal }) => {
      await pass(LENGTH);
      expect(signal.reason).toBeInstanceOf(LeaseFault);
      for (const answer of answers) answer();
    });
    expect.assertions(1);
  });

  it('is not lost when the store comes back in time', async () => {
    let calls = 0;
    const { pass, under } = leasing(({ renew }) => ({
      renew: async (...args) => await ((calls += 1) % 2 === 1 ? away() : renew(...args)),
    }));
    await under(async ({ signal }) => {
      await pass(5 * LENGTH);
      expect(signal.aborted).toBe(false);
    });
    expect(calls).toBeGreaterThan(5);
  });

  it('that is being renewed when the work ends is given back all the same', async () => {
    let answer = (): void => undefined;
    const { leases, pass, timers, under } = leasing(({ renew }) => ({
      renew: async (...args) => {
        await new Promise<void>((resolve) => (answer = resolve));
        return await renew(...args);
      },
    }));
    const outcome = under(async () => {
      await pass(LENGTH / 3);
      return 'worked';
    });
    await pass(LENGTH / 2);
    answer();
    expect(await outcome).toBe('worked');
    expect(await leases.acquire('do-work', LENGTH)).toMatchObject({ name: 'do-work' });
    expect(timers.waiting).toBe(0);
  });
});
