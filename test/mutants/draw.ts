import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shuffle } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import { EQUIVALENTS } from './equivalents.ts';
import { type Mutation, mutationsOf } from './mutations.ts';

/** A mutation in its file. */
export interface Mutant {
  readonly file: string;
  readonly source: string;
  readonly mutation: Mutation;
}

const SKIPPED =
  /\.test\.ts$|\/testing\/|\/generated\/|\/dist\/|\/node_modules\/|\/(index|main)\.ts$/;

/** So many mutants of a folder, drawn from all of its files. The same seed draws the same ones of the same sources. */
export async function drawMutants(
  folder: string,
  { root, count, seed }: { readonly root: string; readonly count: number; readonly seed: string },
): Promise<readonly Mutant[]> {
  const files = globSync(`${folder}/**/*.ts`, { cwd: root }).filter((file) => !SKIPPED.test(file));
  const all: Mutant[] = [];
  for (const file of files.sort()) {
    const source = await readFile(join(root, file), 'utf8');
    all.push(...mutationsOf(source).map((mutation) => ({ file, source, mutation })));
  }
  const candidates = all.filter((mutant) => !isEquivalent(mutant));
  return shuffle(candidates, seededRandom(`${seed} ${folder}`)).slice(0, count);
}

const isEquivalent = ({ file, mutation: { text, change } }: Mutant): boolean =>
  EQUIVALENTS.some(
    (known) => known.file === file && known.text === text && known.change === change,
  );
