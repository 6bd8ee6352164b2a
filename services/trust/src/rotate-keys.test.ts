import { createLogger } from '@keyserver/log';
import { systemRandom } from '@keyserver/random';
import type { KeyWrapper, WrappedDataKey } from '@keyserver/revision-token';
import { systemClock, systemTimers, unixMillis } from '@keyserver/time';
import { rotateKeys } from './rotate-keys.ts';

const lines: string[] = [];
const log = createLogger({
  ...{ service: 'trust', clock: systemClock, timers: systemTimers },
  write: (line) => lines.push(line),
});
beforeEach(() => {
  lines.length = 0;
});

/** Wraps by turning bytes over, and unwraps what is bound to the same bytes. */
const wrapper: KeyWrapper = {
  wrap: (key, bound) => Promise.resolve(Buffer.concat([bound, Buffer.from(key).reverse()])),
  unwrap: (wrapped, bound) =>
    Promise.resolve(
      Buffer.from(bound).equals(wrapped.subarray(0, bound.length))
        ? Buffer.from(wrapped.subarray(bound.length)).reverse()
        : undefined,
    ),
};
const aKey = (id: number, bound = Buffer.alloc(16, id)): WrappedDataKey => ({
  ...{ id, bound, createdAt: unixMillis(0) },
  wrapped: Buffer.concat([Buffer.alloc(16, id), Buffer.alloc(32, id)]),
});

describe('the rotation of data keys', () => {
  it('offers a fresh key of 32 bytes, bound to 16 bytes of its own, and says what became of it', async () => {
    const offered: Uint8Array[] = [];
    const report = await rotateKeys({
      readKeys: () => Promise.resolve([aKey(1)]),
      rotate: async (draw) => {
        for (let n = 0; n < 2; n++) {
          const { wrapped, bound } = await draw();
          expect(bound).toHaveLength(16);
          offered.push((await wrapper.unwrap(wrapped, bound))!);
        }
        return { created: 2, destroyed: [1], waiting: 1 };
      },
      ...{ wrapper, random: systemRandom, log },
    });
    expect(report).toEqual({ kind: 'done', done: 2, left: 1 });
    expect(offered.map(({ length }) => length)).toEqual([32, 32]);
    expect(offered[0]).not.toEqual(offered[1]);
    expect(lines.join('')).toMatch(/trust\.data_key_created[^]*trust\.data_key_destroyed/);
  });

  it('changes nothing when one of the present keys cannot be unwrapped', async () => {
    const rotation = rotateKeys({
      readKeys: () => Promise.resolve([aKey(2), aKey(1, Buffer.alloc(16))]),
      rotate: () => Promise.reject(new Error('must not be asked')),
      ...{ wrapper, random: systemRandom, log },
    });
    await expect(rotation).rejects.toThrow('data key 1 of revision tokens cannot be unwrapped');
    expect(lines).toEqual([]);
  });
});
