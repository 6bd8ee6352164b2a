import { globSync, readFileSync } from 'node:fs';

/** Files that hold types alone: nothing of them is left when the code runs, so nothing of them can be covered. */
const onlyTypes = globSync('{libs,services,tools}/*/src/**/*.ts', {
  cwd: import.meta.dirname,
}).filter(
  (file) =>
    !/^(export )?(async )?(const|let|function|class) /m.test(
      readFileSync(new URL(file, import.meta.url), 'utf8'),
    ),
);

export const base = {
  // Jest looks for files in here at each start, and need not in node_modules.
  roots: ['libs', 'services', 'tools', 'test', 'bench', 'docs', 'terraform'].map(
    (room) => `<rootDir>/${room}`,
  ),
  runner: '<rootDir>/test/runner/native-runner.ts',
  cacheDirectory: '<rootDir>/node_modules/.cache/jest', // not among temporary files, which go away
  globalSetup: '<rootDir>/test/support/own-temporary-directory.ts',
  globalTeardown: '<rootDir>/test/support/remove-temporary-directory.ts',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {},
  coverageProvider: 'v8',
};

export default {
  ...base,
  globalSetup: '<rootDir>/test/support/own-memory-directory.ts',
  maxWorkers: 3, // on two cores: one of three waits for a disk or a timer most of the time
  testTimeout: 120_000, // many tests wait for a disk, and no test is about speed
  testMatch: ['**/*.test.ts', '!**/*.slow.test.ts'],
  collectCoverageFrom: [
    'libs/*/src/**/*.ts',
    'services/*/src/**/*.ts',
    'tools/*/src/**/*.ts',
    '!**/*.test.ts',
    '!**/testing/**',
    '!**/generated/**',
    '!**/index.ts',
    '!**/main.ts',
    '!tools/launcher/src/{start,cdn}.ts', // processes of their own too
    ...onlyTypes.map((file) => `!**/${file}`),
    '!libs/sqlite/src/worker.ts', // runs in a thread of its own, out of sight of the coverage
  ],
  coverageThreshold: {
    global: { lines: 95, branches: 90 },
    './libs/exposure-keys/': { lines: 100, branches: 100 },
  },
};
