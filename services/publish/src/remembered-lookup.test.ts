import { simulatedClock, unixMillis } from '@keyserver/time';
import { type Lookup, rememberedLookup } from './remembered-lookup.ts';

const LIFETIME = 300_000;

function remembering(lookup: Lookup<string>, size = 10) {
  const clock = simulatedClock(unixMillis(1_620_123_420_000));
  const asked: string[] = [];
  const find = rememberedLookup(
    async (name) => {
      asked.push(name);
      return await lookup(name);
    },
    { clock, lifetimeMs: LIFETIME, size },
  );
  return { clock, asked, find };
}

const echo: Lookup<string> = (name) => Promise.resolve(`found ${name}`);

describe('rememberedLookup', () => {
  it('asks once for a name within the lifetime', async () => {
    const { find, asked, clock } = remembering(echo);
    await find('app');
    clock.advance(LIFETIME - 1);
    expect(await find('app')).toBe('found app');
    expect(asked).toEqual(['app']);
  });

  it('asks again when the lifetime is over', async () => {
    const { find, asked, clock } = remembering(echo);
    await find('app');
    clock.advance(LIFETIME);
    await find('app');
    expect(asked).toEqual(['app', 'app']);
  });

  it('counts the lifetime from the first answer, however often it is used', async () => {
    const { find, asked, clock } = remembering(echo);
    await find('app');
    clock.advance(LIFETIME - 1);
    await find('app');
    clock.advance(1);
    await find('app');
    expect(asked).toEqual(['app', 'app']);
  });

  it('remembers that nobody has a name', async () => {
    const { find, asked } = remembering(() => Promise.resolve(undefined));
    expect(await find('nobody')).toBeUndefined();
    expect(await find('nobody')).toBeUndefined();
    expect(asked).toEqual(['nobody']);
  });

  it('does not remember a fault', async () => {
    let broken = true;
    const { find } = remembering((name) =>
      broken ? Promise.reject(new Error('store is away')) : echo(name),
    );
    await expect(find('app')).rejects.toThrow('store is away');
    broken = false;
    expect(await find('app')).toBe('found app');
  });

  it('asks anew when the clock was set back', async () => {
    const { find, asked, clock } = remembering(echo);
    await find('app');
    clock.advance(-LIFETIME);
    await find('app');
    expect(asked).toEqual(['app', 'app']);
  });

  it('has one question under way for a name, and gives its answer to all who asked', async () => {
    let answer: (found: string) => void = () => undefined;
    const { find, asked } = remembering(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const both = Promise.all([find('app'), find('app')]);
    answer('found');
    expect(await both).toEqual(['found', 'found']);
    expect(asked).toEqual(['app']);
  });

  it('gives a fault to all who wait for it, and asks again for the next', async () => {
    let fail: (fault: Error) => void = () => undefined;
    const { find, asked } = remembering(
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const both = Promise.allSettled([find('app'), find('app')]);
    fail(new Error('store is away'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void find('app');
    expect(asked).toEqual(['app', 'app']);
  });

  it('forgets the least recently used name when it is full', async () => {
    const { find, asked } = remembering(echo, 2);
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await find(name);
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it.each([
    [256, 1],
    [257, 2],
  ])('of two questions for a name of %i characters passes on %i', async (length, times) => {
    const { find, asked } = remembering(echo);
    const name = 'x'.repeat(length);
    expect(await find(name)).toBe(`found ${name}`);
    expect(await find(name)).toBe(`found ${name}`);
    expect(asked).toHaveLength(times);
  });
});
