export const base = {
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'], // several dependencies ship ES modules only
  cacheDirectory: '<rootDir>/node_modules/.cache/jest', // not among temporary files, which go away
  globalSetup: '<rootDir>/test/support/own-temporary-directory.ts',
  globalTeardown: '<rootDir>/test/support/remove-temporary-directory.ts',
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default {
  ...base,
  // Processes that have run many suites, with a database thread for each store, were seen to end with SIGSEGV in Node 24.21.
  // Fresh ones were not, and two use both cores of a small machine.
  maxWorkers: 2,
  workerIdleMemoryLimit: '400MB',
  testTimeout: 30_000, // many tests wait for a disk, and no test is about speed
  testMatch: ['**/*.test.ts', '!**/*.slow.test.ts'],
  collectCoverageFrom: [
    'libs/*/src/**/*.ts',
    'services/*/src/**/*.ts',
    '!**/*.test.ts',
    '!**/testing/**',
    '!**/generated/**',
    '!**/index.ts',
    '!**/main.ts',
    '!**/sqlite/worker.ts', // runs in a thread of its own, out of sight of the coverage
  ],
  coverageThreshold: {
    global: { lines: 95, branches: 90 },
    './libs/exposure-keys/': { lines: 100, branches: 100 },
  },
};
