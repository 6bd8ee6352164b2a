import { ESLint, Linter } from 'eslint';

/** Imports that go around the front door of another package. */
const PLANTED: readonly (readonly [file: string, specifier: string])[] = [
  ['libs/stores/src/planted.ts', '../../docstore/src/codec.ts'],
  ['libs/sqlite/src/planted.ts', '../../stores/src/key-store.ts'],
  ['libs/time/src/planted.ts', '../../random/src/random.ts'],
  ['services/export/src/http/planted.ts', '../../../publish/src/app.ts'],
  ['services/publish/src/main.ts', '../../export/src/app.ts'],
  ['services/publish/src/planted.test.ts', '../../export/src/testing/archive-keys.ts'],
  ['tools/keyserver/src/planted.ts', '../../../libs/local/src/objects.ts'],
  ['test/e2e/planted.test.ts', '../../services/export/src/do-work.ts'],
  ['test/support/planted.ts', '../../tools/keyserver/src/failure.ts'],
  ['bench/planted.ts', '../libs/stores/src/key-store.ts'],
  ['docs/planted.ts', '../services/export/src/config.ts'],
  ['terraform/planted.ts', '../libs/stores/src/all-collections.ts'],
];

const eslint = new ESLint();

/** The messages of the project's own rule about imports, alone, for one import in one file. */
async function complaints(file: string, specifier: string): Promise<readonly string[]> {
  const config = (await eslint.calculateConfigForFile(file)) as { rules: Linter.RulesRecord };
  const rule = config.rules['no-restricted-imports'];
  const rules: Linter.RulesRecord = rule === undefined ? {} : { 'no-restricted-imports': rule };
  return new Linter().verify(`import '${specifier}';`, { rules }).map(({ message }) => message);
}

it.each(PLANTED)('%s may not import %s', async (file, specifier) => {
  expect(await complaints(file, specifier)).toEqual([expect.stringContaining('by its name')]);
});

it.each([
  ['libs/stores/src/planted.test.ts', './testing/uploads.ts'],
  ['services/export/src/rebuild/planted.ts', '../publish-index.ts'],
  ['test/e2e/planted.test.ts', '../support/phone.ts'],
  ['test/e2e/planted.test.ts', '@keyserver/export/testing'],
])('%s may import %s', async (file, specifier) => {
  expect(await complaints(file, specifier)).toEqual([]);
});
