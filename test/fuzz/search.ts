import { isDeepStrictEqual } from 'node:util';
import type { Random } from '@keyserver/random';
import type { Coverage } from './coverage.ts';
import { type Material, mutate } from './mutate.ts';

/** Something that reads bytes of strangers, and what must hold of it. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with: good ones, so that the search begins behind the first checks. */
  readonly seeds: readonly Buffer[];
  /** Words of the language that is read. */
  readonly dictionary?: readonly string[];
  /** Bytes of the longest input; 4096 unless given. */
  readonly maxLength?: number;
  /** How many blocks may be entered for each byte of the input, besides what every input may cost; 50 unless given. */
  readonly stepsPerByte?: number;
  /** Reads an input; throws when something does not hold. What it gives must be the same each time. */
  readonly check: (input: Buffer) => unknown;
}

/** An input for which something does not hold, as short as it could be made. */
export interface Finding {
  readonly what: string;
  readonly input: Buffer;
}

/** What a search has done. */
export interface Search {
  readonly inputs: number;
  /** Inputs that did something new. */
  readonly corpus: number;
  /** Characters of source that were executed. */
  readonly covered: number;
  /** The most blocks that were entered for one byte of an input that is not short. */
  readonly stepsPerByte: number;
  readonly findings: readonly Finding[];
}

/** Coverage is asked for so many inputs at once, for asking costs more than most of them. */
const BATCH = 256;
const MAX_LENGTH = 4096;
/** What any input may cost, in blocks that are entered. */
const BASE_STEPS = 20_000;
const STEPS_PER_BYTE = 50;
const MAX_FINDINGS = 10;
const SHRINKING = 2000;

/** How a search is made. */
interface SearchOptions {
  readonly random: Random;
  readonly coverage: Coverage;
  /** Asked now and then, with the number of inputs so far. */
  readonly goesOn: (inputs: number) => boolean;
}

/** Searches for inputs for which something does not hold, until it is told to end or has found enough. */
export async function search(target: Target, options: SearchOptions): Promise<Search> {
  const state = { inputs: 0, stepsPerByte: 0 };
  const corpus: Buffer[] = [];
  const covered = new Map<string, Uint8Array>();
  const findings = new Map<string, Finding>();
  const found = (what: string, input: Buffer): void => {
    if (!findings.has(what)) findings.set(what, { what, input });
  };

  /** Reads inputs; of those that did something new it finds out which it was, and keeps them. */
  async function explore(inputs: readonly Buffer[]): Promise<void> {
    const [first] = inputs;
    if (first === undefined) return;
    options.coverage.take();
    for (const input of inputs) await tryOut(input);
    const executed = options.coverage.take();
    if (inputs.length === 1) {
      await weigh(first, executed.steps);
      if (executed.addTo(covered)) corpus.push(first);
    } else if (executed.addTo(copyOf(covered))) {
      const half = inputs.length >> 1;
      for (const some of [inputs.slice(0, half), inputs.slice(half)])
        if (options.goesOn(state.inputs)) await explore(some);
    }
  }

  async function tryOut(input: Buffer): Promise<void> {
    state.inputs += 1;
    const tried = await attempt(target, input);
    if (tried.kind === 'broken' && !findings.has(tried.what))
      found(tried.what, await shortened(target, input, tried.what));
  }

  /** What one input may cost, and that it comes out the same each time. */
  async function weigh(input: Buffer, steps: number): Promise<void> {
    const most = BASE_STEPS + (target.stepsPerByte ?? STEPS_PER_BYTE) * input.length;
    if (input.length > 100)
      state.stepsPerByte = Math.max(state.stepsPerByte, Math.round(steps / input.length));
    if (steps > most) found('too many steps', input);
    const twice = [await attempt(target, input), await attempt(target, input)];
    if (!isDeepStrictEqual(twice[0], twice[1])) found('not the same each time', input);
  }

  for (const seed of target.seeds) await explore([seed]);
  const dictionary = (target.dictionary ?? []).map((word) => Buffer.from(word));
  const material: Material = { corpus, dictionary, maxLength: target.maxLength ?? MAX_LENGTH };
  while (options.goesOn(state.inputs) && findings.size < MAX_FINDINGS)
    await explore(Array.from({ length: BATCH }, () => mutate(material, options.random)));
  return {
    ...{ ...state, corpus: corpus.length, findings: [...findings.values()] },
    covered: [...covered.values()].reduce((sum, one) => sum + one.filter(Boolean).length, 0),
  };
}

const copyOf = (covered: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> =>
  new Map([...covered].map(([url, bytes]) => [url, bytes.slice()]));

type Tried =
  | { readonly kind: 'held'; readonly gave: unknown }
  | { readonly kind: 'broken'; readonly what: string };

/** Reads one input. */
export async function attempt({ check }: Pick<Target, 'check'>, input: Buffer): Promise<Tried> {
  try {
    return { kind: 'held', gave: await check(input) };
  } catch (error) {
    const [what = ''] = String(error).split('\n');
    return { kind: 'broken', what };
  }
}

/** A shorter input that breaks the same, found by leaving out stretches. */
async function shortened(target: Target, input: Buffer, what: string): Promise<Buffer> {
  let [shortest, tries] = [input, 0];
  for (let length = input.length >> 1; length > 0; length >>= 1)
    for (let at = 0; at < shortest.length && tries < SHRINKING; tries += 1) {
      const shorter = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + length)]);
      const tried = await attempt(target, shorter);
      if (tried.kind === 'broken' && tried.what === what) shortest = shorter;
      else at += length;
    }
  return shortest;
}
