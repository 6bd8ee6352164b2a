import jest from 'eslint-plugin-jest';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const TIME = 'Take a Clock: time is an argument.';
const ambient = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: TIME,
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: TIME },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Take a Random: chance is an argument.',
  },
  {
    selector: 'MemberExpression[property.name=/^(getRandomValues|randomUUID)$/]',
    message: 'Take a Random: chance is an argument.',
  },
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Only main.ts reads the environment.',
  },
];
const timing = [
  {
    selector:
      'CallExpression:matches([callee.name=/^set(Timeout|Interval)$/], [callee.property.name=/^set(Timeout|Interval)$/])',
    message: 'Take Timers: waiting is an argument.',
  },
  {
    selector:
      ":matches(MemberExpression[object.name='performance'], MemberExpression[object.name='process'][property.name='hrtime'])",
    message: 'Take Timers, and ask them for monotonic time.',
  },
  {
    selector: "MemberExpression[object.name='AbortSignal'][property.name='timeout']",
    message: 'Take Timers, and use `within` of libs/retry.',
  },
];
// An empty block needs a comment in it, and a fault that is passed over by a promise a function whose name says why.
const swallowed = [
  {
    selector:
      "CallExpression[callee.property.name='catch'] > :matches(ArrowFunctionExpression, FunctionExpression)[params.length=0]",
    message: 'Handle the fault, report it, or name the function after the reason to ignore it.',
  },
];
const chance = ['node:crypto', 'crypto'].map((name) => ({
  name,
  importNames: [
    'getRandomValues',
    'randomBytes',
    'randomFill',
    'randomFillSync',
    'randomInt',
    'randomUUID',
  ],
  message: 'Take a Random: chance is an argument.',
}));
const real = [
  {
    name: '@keyserver/time',
    importNames: ['systemClock', 'systemTimers'],
    message: 'Only main.ts hands out the real ones.',
  },
  {
    name: '@keyserver/random',
    importNames: ['systemRandom'],
    message: 'Only main.ts hands out the real one.',
  },
  ...['timers', 'timers/promises', 'perf_hooks']
    .flatMap((name) => [name, `node:${name}`])
    .map((name) => ({
      name,
      message: 'Take Timers: waiting is an argument.',
    })),
];
// What may be used of a package is what its package.json exports; a path that leads up and into another src goes around that.
const frontDoors = [
  {
    group: ['../**/src/**', '!../src/**'], // a package's own bin may
    message: 'Import another package by its name, from what its package.json exports.',
  },
];
const TESTS = ['**/*.test.ts', '**/testing/**', 'test/**'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', 'coverage/**', 'node_modules/**'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  prettier,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.test.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/strict-boolean-expressions': 'error',
      '@typescript-eslint/no-unsafe-type-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/return-await': ['error', 'always'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
      'no-empty': 'error',
      eqeqeq: 'error',
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 60],
      'no-restricted-syntax': ['error', ...ambient, ...timing, ...swallowed],
      'no-restricted-imports': ['error', { paths: [...chance, ...real], patterns: frontDoors }],
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: [
      'libs/time/**',
      'libs/random/**',
      '**/main.ts',
      'tools/launcher/src/{start,cdn}.ts', // processes of their own, as main.ts
      'libs/sqlite/src/worker.ts', // a thread of its own, as main.ts
      'bench/**',
    ],
    rules: {
      'no-restricted-syntax': 'off',
      'no-restricted-imports': ['error', { patterns: frontDoors }],
    },
  },
  {
    files: TESTS,
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect*', 'fc.assert'] }],
      'jest/no-standalone-expect': ['error', { additionalTestBlockFunctions: ['itWithCurl'] }],
      'jest/no-conditional-expect': 'off',
      'jest/no-export': 'off',
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      'no-restricted-syntax': 'off',
      'no-restricted-imports': ['error', { patterns: frontDoors }],
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/runner/fixtures/**'], // tests that fail on purpose
    rules: Object.fromEntries(Object.keys(jest.rules).map((name) => [`jest/${name}`, 'off'])),
  },
  { files: ['**/*.js', '**/*.cjs', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: { parserOptions: { project: null, program: null } },
    rules: { '@typescript-eslint/no-require-imports': 'off', 'no-undef': 'off' },
  },
);
