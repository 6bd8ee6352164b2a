import type { Clock, UnixMillis } from '@keyserver/time';

/** Finds a configured value by the name that a phone or a certificate gives; undefined when nobody has this name. */
export type Lookup<T> = (name: string) => Promise<T | undefined>;

/** Names beyond this length are passed on unremembered: phones choose them, and they would fill the memory. */
const LONGEST_NAME = 256;

interface Remembered<T> {
  readonly at: UnixMillis;
  readonly found: T | undefined;
}

/**
 * A lookup that remembers answers for `lifetimeMs`, also that nobody has a name, but never a fault. At most `size`
 * answers are kept, the least recently used go first, and one name is asked for once at a time.
 */
export function rememberedLookup<T>(
  lookup: Lookup<T>,
  { clock, lifetimeMs, size }: { clock: Clock; lifetimeMs: number; size: number },
): Lookup<T> {
  const answers = new Map<string, Remembered<T>>();
  const asking = new Map<string, Promise<T | undefined>>();

  function remember(name: string, answer: Remembered<T>): void {
    answers.delete(name); // a Map keeps the order of insertion: what is put back last was used last
    answers.set(name, answer);
    for (const oldest of answers.keys()) {
      if (answers.size <= size) return;
      answers.delete(oldest);
    }
  }

  async function ask(name: string): Promise<T | undefined> {
    const at = clock.now();
    const found = await lookup(name);
    remember(name, { at, found });
    return found;
  }

  async function askOnce(name: string): Promise<T | undefined> {
    const asked = asking.get(name);
    if (asked !== undefined) return await asked;
    const mine = ask(name);
    asking.set(name, mine);
    try {
      return await mine;
    } finally {
      asking.delete(name);
    }
  }

  function isFresh(answer: Remembered<T>): boolean {
    const age = clock.now() - answer.at; // negative when the clock was set back: then nothing is known about its age
    return age >= 0 && age < lifetimeMs;
  }

  return async (name) => {
    if (name.length > LONGEST_NAME) return await lookup(name);
    const answer = answers.get(name);
    if (answer === undefined || !isFresh(answer)) return await askOnce(name);
    remember(name, answer);
    return answer.found;
  };
}
