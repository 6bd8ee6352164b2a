import { join } from 'node:path';
import { importersIn, testsIn, testsOf } from './tests-of.ts';

const importers = new Map([
  ['a/pad.ts', ['a/index.ts', 'a/files.ts']],
  ['a/files.ts', ['a/files.test.ts']],
  ['a/index.ts', ['b/use.ts', 'b/use.test.ts', 'b/crash.slow.test.ts']],
  ['b/use.ts', ['b/app.test.ts']],
]);
const ofRoom = ['a/files.test.ts', 'a/other.test.ts', 'a/pad.test.ts'];

describe('the tests of a file', () => {
  it('begin with its own, then those of its room, then the nearest of all that reach it', () => {
    expect(testsOf('a/pad.ts', ofRoom, importers)).toEqual([
      'a/pad.test.ts',
      'a/files.test.ts',
      'a/other.test.ts',
      'b/use.test.ts',
      'b/app.test.ts',
    ]);
  });

  it('are those of its room for a file that nothing imports', () => {
    expect(testsOf('a/main.ts', ofRoom, importers)).toEqual(ofRoom);
  });
});

it('follows imports from package to package, but not imports of types', async () => {
  const root = join(import.meta.dirname, '../..');
  const users = ['libs/stores/src/key-store.ts', 'libs/stores/src/store-windows.test.ts'];
  const found = await importersIn(root, ['test/mutants', ...users]);
  expect(found.get('libs/random/src/index.ts')).toContain('test/mutants/draw.ts');
  expect(found.get('test/mutants/mutations.ts')).toContain('test/mutants/mutations.test.ts');
  expect(found.get('test/mutants/project-copy.ts')).toContain('test/mutants/run.ts');
  const ofWindows = found.get('libs/stores/src/store-windows.ts');
  expect(ofWindows).toContain('libs/stores/src/store-windows.test.ts');
  expect(ofWindows).not.toContain('libs/stores/src/key-store.ts');
  expect(testsIn(root, 'test/mutants')).toContain('test/mutants/tests-of.test.ts');
});
