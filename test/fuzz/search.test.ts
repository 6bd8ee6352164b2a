import { seededRandom } from '@keyserver/random/testing';
import type { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { type Search, type Target, attempt, search } from './search.ts';
import { TARGETS } from './targets/index.ts';

/** What a planted target has reached and how much it did, as the real coverage tells of real ones. */
function plantedCoverage(): Coverage & { reach(place: string, steps?: number): void } {
  let reached = new Set<string>();
  let done = 0;
  return {
    reach: (place, steps = 1) => {
      reached.add(place);
      done += steps;
    },
    take: () => {
      const [places, steps] = [reached, done];
      [reached, done] = [new Set(), 0];
      return {
        steps,
        addTo: (before) => {
          const fresh = [...places].filter((place) => !before.has(place));
          for (const place of fresh) before.set(place, Uint8Array.of(1));
          return fresh.length > 0;
        },
      };
    },
    stop: () => undefined,
  };
}

async function searched(
  check: (input: Buffer, reach: (place: string, steps?: number) => void) => unknown,
  { most = 1000, ...target }: Partial<Target> & { readonly most?: number } = {},
): Promise<Search> {
  const coverage = plantedCoverage();
  const planted = { name: 'planted', seeds: [Buffer.from('seed')], ...target };
  return await search(
    { ...planted, check: (input) => check(input, coverage.reach) },
    { coverage, random: seededRandom('planted'), goesOn: (inputs) => inputs < most },
  );
}

/** Fails for inputs that begin with a word, and shows how much of it there is. */
function guarded(input: Buffer, reach: (place: string) => void): void {
  for (const [n, letter] of ['F', 'U', 'Z'].entries()) {
    if (input.toString('latin1', n, n + 1) !== letter) return;
    reach(letter);
  }
  throw new Error('the word was read');
}

describe('the search for inputs', () => {
  it('finds what lies behind several conditions, by what inputs reach', async () => {
    const { findings, corpus } = await searched(guarded, {
      ...{ dictionary: ['Z', 'U', 'F'], most: 5000 },
    });
    expect(findings.map(({ what }) => what)).toEqual(['Error: the word was read']);
    expect(corpus).toBe(3);
  });

  it('gives the shortest input that it can make', async () => {
    const { findings } = await searched((input) => {
      if (input.includes('e')) throw new Error(`a letter\nof ${input.length}`);
    });
    expect(findings).toEqual([{ what: 'Error: a letter', input: Buffer.from('e') }]);
  });

  it('finds what comes out otherwise each time', async () => {
    let times = 0;
    const { findings } = await searched(() => times++);
    expect(findings.map(({ what }) => what)).toEqual(['not the same each time']);
  });

  it('finds what takes too many steps for its length', async () => {
    const quadratic = await searched((input, reach) => {
      reach(String(input.length), input.length ** 2);
    });
    expect(quadratic.findings.map(({ what }) => what)).toEqual(['too many steps']);
    const linear = await searched((input, reach) => {
      reach(String(input.length), input.length * 20);
    });
    expect(linear.findings).toEqual([]);
  });

  it('gives the same inputs for the same seed', () => {
    const material = { corpus: [Buffer.from('{"a":1}')], dictionary: [], maxLength: 100 };
    const draw = (seed: string) => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => mutate(material, random).toString('hex'));
    };
    expect(draw('one')).toEqual(draw('one'));
    expect(draw('one')).not.toEqual(draw('another'));
  });
});

// A few inputs, so that no target rots; `npm run fuzz` is the search.
describe('what reads bytes of strangers', () => {
  it.each(Object.keys(TARGETS))(
    'holds for good inputs and some that are near: %s',
    async (name) => {
      for (const target of (await TARGETS[name]?.()) ?? []) {
        const dictionary = (target.dictionary ?? []).map((word) => Buffer.from(word));
        const material = { corpus: target.seeds, dictionary, maxLength: 2000 };
        const random = seededRandom(target.name);
        const near = Array.from({ length: 100 }, () => mutate(material, random));
        for (const input of [...target.seeds, ...near]) {
          const tried = await attempt(target, input);
          expect([target.name, input, tried.kind]).toEqual([target.name, input, 'held']);
        }
      }
    },
  );
});
