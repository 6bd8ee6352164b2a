import { MINUTE, SECOND, simulatedClock, unixMillis } from '@keyserver/time';
import { type WrappedDataKey, keyRing } from './key-ring.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));
const clock = simulatedClock(NOON);
let stored: WrappedDataKey[];
let reads: number;
let unwraps: number;
let fault: Error | undefined;

const key = (id: number): WrappedDataKey => ({
  ...{ id, createdAt: NOON },
  ...{ wrapped: Uint8Array.of(id), bound: Uint8Array.of(100 + id) },
});
const unwrap = (wrapped: Uint8Array, bound: Uint8Array): Promise<Uint8Array | undefined> => {
  unwraps += 1;
  const opens = bound[0] === 100 + wrapped[0]!;
  return Promise.resolve(opens ? new Uint8Array(32).fill(wrapped[0]!) : undefined);
};
const open = () =>
  keyRing({
    readKeys: () => {
      reads += 1;
      return fault === undefined ? Promise.resolve([...stored]) : Promise.reject(fault);
    },
    wrapper: { unwrap },
    ...{ clock, lifetimeMs: MINUTE },
  });

beforeEach(() => {
  clock.set(NOON);
  [stored, reads, unwraps, fault] = [[key(1), key(3), key(2)], 0, 0, undefined];
});

describe('the data keys of revision tokens', () => {
  it('seal with the newest, and open with each', async () => {
    const ring = open();
    expect(await ring.newest()).toEqual({ id: 3, key: new Uint8Array(32).fill(3) });
    expect(await ring.find(1)).toEqual({ id: 1, key: new Uint8Array(32).fill(1) });
    expect([reads, unwraps]).toEqual([1, 3]);
  });

  it('are read once by all who ask at the same time, and anew after a minute', async () => {
    const ring = open();
    await Promise.all([ring.newest(), ring.find(1), ring.newest()]);
    clock.advance(MINUTE - 1);
    await ring.newest();
    expect(reads).toBe(1);
    clock.advance(1);
    await Promise.all([ring.newest(), ring.find(2)]);
    expect(reads).toBe(2);
  });

  it('are unwrapped once each, and are gone as soon as they may not be used', async () => {
    const ring = open();
    await ring.newest();
    stored = [key(3), key(4)];
    clock.advance(MINUTE);
    expect((await ring.newest()).id).toBe(4);
    expect(await ring.find(1)).toBeUndefined();
    expect(unwraps).toBe(4);
  });

  it('are looked for again when a number is unknown, but not for every one that a phone makes up', async () => {
    const ring = open();
    await ring.newest();
    expect(await ring.find(4)).toBeUndefined();
    stored.push(key(4));
    clock.advance(10 * SECOND);
    expect((await ring.find(4))?.id).toBe(4);
    for (let id = 100; id < 200; id++) expect(await ring.find(id)).toBeUndefined();
    expect(reads).toBe(2);
  });

  it('are missed with a sentence that says what to do', async () => {
    stored = [];
    await expect(open().newest()).rejects.toMatchObject({ code: 'empty' });
    await expect(open().find(1)).rejects.toThrow('run the job rotate-keys of the trust service');
  });

  it('fail all when one of them cannot be unwrapped', async () => {
    stored.push({ ...key(4), bound: Uint8Array.of(0) });
    const ring = open();
    await expect(ring.newest()).rejects.toMatchObject({ code: 'unwrapping' });
    await expect(ring.find(1)).rejects.toThrow('data key 4 of revision tokens');
    stored.pop();
    expect((await ring.newest()).id).toBe(3);
  });

  it('reject with what reading them rejects with, and are tried again', async () => {
    const ring = open();
    await ring.newest();
    fault = new Error('the store is away');
    clock.advance(MINUTE);
    await expect(ring.newest()).rejects.toBe(fault);
    fault = undefined;
    expect((await ring.newest()).id).toBe(3);
  });

  it('are read anew when the clock was set back', async () => {
    const ring = open();
    await ring.newest();
    clock.jump(-2 * MINUTE);
    await ring.newest();
    expect(reads).toBe(2);
  });
});
