import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type ICruiseResult, cruise } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

/** For each file, the files that import it. */
export type Importers = ReadonlyMap<string, readonly string[]>;

/** The folders of the project that hold tests, or files that tests import. */
export const EVERYWHERE: readonly string[] = [
  'libs',
  'services',
  'tools',
  'test',
  'docs',
  'terraform',
];

/**
 * Who imports whom among the files of some folders of the project at `root` and all that they need, by paths below it. An
 * import of types alone is none: nothing of it runs.
 */
export async function importersIn(root: string, folders: readonly string[]): Promise<Importers> {
  const options = await extractOptions(join(root, '.dependency-cruiser.cjs'));
  const { output } = await cruise([...folders], { ...options, baseDir: root });
  if (typeof output === 'string') throw new Error('the imports came as text');
  return invert(output.modules);
}

function invert(modules: ICruiseResult['modules']): Importers {
  const importers = new Map<string, string[]>();
  for (const { source, dependencies } of modules)
    for (const { resolved, dependencyTypes } of dependencies) {
      if (dependencyTypes.includes('type-only')) continue;
      const known = importers.get(resolved) ?? [];
      importers.set(resolved, [...known, source]);
    }
  return importers;
}

/** The fast tests of a folder. */
export const testsIn = (root: string, folder: string): readonly string[] =>
  globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ['**/{dist,node_modules}/**'] })
    .filter(isFastTest)
    .sort();

const isFastTest = (file: string): boolean =>
  file.endsWith('.test.ts') && !file.endsWith('.slow.test.ts');

/**
 * The tests that may notice a fault in a file, those first that are likely to: the file's own test, then the tests of its
 * room, then every fast test that reaches the file through imports. Within each, the nearer ones come first.
 */
export function testsOf(
  file: string,
  ofRoom: readonly string[],
  importers: Importers,
): readonly string[] {
  const nearestFirst = reachedFrom(file, importers).filter(isFastTest);
  const own = join(dirname(file), `${basename(file, '.ts')}.test.ts`);
  const ordered = [
    ...ofRoom.filter((test) => test === own),
    ...nearestFirst.filter((test) => ofRoom.includes(test)),
    ...ofRoom, // some start the code as a process, which no import shows
    ...nearestFirst,
  ];
  return [...new Set(ordered)];
}

/** All files that need this one, nearest first. */
function reachedFrom(file: string, importers: Importers): readonly string[] {
  const reached = new Set([file]);
  for (const next of reached) for (const by of importers.get(next) ?? []) reached.add(by);
  return [...reached];
}
