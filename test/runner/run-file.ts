import { Session } from 'node:inspector/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { jestExpect } from '@jest/expect';
import { type AssertionResult, type TestResult, createEmptyTestResult } from '@jest/test-result';
import type { Circus, Config } from '@jest/types';
import * as circus from 'jest-circus';
import { formatExecError, formatResultsErrors } from 'jest-message-util';

for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => {
    const { currentlyRunningTest, unhandledErrors } = circus.getState();
    if (currentlyRunningTest) currentlyRunningTest.errors.push(error);
    else unhandledErrors.push([error, undefined]);
  });

/** Where jest looks for the time-out of a test, in ms. */
const TIMEOUT = Symbol.for('TEST_TIMEOUT_SYMBOL');

/**
 * Loads one test file in this process and runs what it describes.
 *
 * @throws what the file throws while it loads
 */
export async function runFile(
  path: string,
  project: Config.ProjectConfig,
  global: Config.GlobalConfig,
): Promise<TestResult> {
  const environment = { ...process.env };
  const coverage = global.collectCoverage ? await startedCoverage() : undefined;
  const start = Date.now();
  try {
    prepare(path, global);
    await import(pathToFileURL(path).href);
    const result = await circus.run();
    return {
      ...resultOf(result, path, { project, global }),
      ...{ perfStats: timesOf(start, project) },
      ...(coverage && { v8Coverage: await coverageOf(coverage, project.rootDir) }),
    };
  } finally {
    restore(environment);
  }
}

/** Clears what the last file described, and gives the next one the names that tests use. */
function prepare(
  path: string,
  { expand, testTimeout, testNamePattern }: Config.GlobalConfig,
): void {
  const { describe, test, it, beforeAll, beforeEach, afterAll, afterEach } = circus;
  Object.assign(globalThis, { describe, test, it, beforeAll, beforeEach, afterAll, afterEach });
  Object.assign(globalThis, { expect: jestExpect, [TIMEOUT]: testTimeout });
  circus.resetState();
  const state = circus.getState();
  if (testNamePattern !== undefined && testNamePattern !== '')
    state.testNamePattern = new RegExp(testNamePattern, 'i');
  jestExpect.setState({ expand, testPath: path });
}

/** Fails a test that made fewer assertions than it said with `expect.assertions`. */
const countAssertions: Circus.EventHandler = (event) => {
  if (event.name === 'test_start') {
    jestExpect.setState({ currentTestName: event.test.name, suppressedErrors: [] });
    jestExpect.extractExpectedAssertionsErrors(); // clears what an earlier test said
  }
  if (event.name !== 'test_done') return;
  event.test.numPassingAsserts = jestExpect.getState().numPassingAsserts;
  const { suppressedErrors } = jestExpect.getState();
  event.test.errors.push(...suppressedErrors);
  for (const { error } of jestExpect.extractExpectedAssertionsErrors())
    event.test.errors.push(error);
};

// Once, since `resetState` keeps handlers: each further one would look at every test of every later file again.
circus.addEventHandler(countAssertions);

function resultOf(
  { testResults, unhandledErrors, unhandledErrorsDetailed }: Circus.RunResult,
  path: string,
  {
    project,
    global,
  }: { readonly project: Config.ProjectConfig; readonly global: Config.GlobalConfig },
): TestResult {
  const results = testResults.map(assertionOf);
  const count = (status: AssertionResult['status']) =>
    results.filter((result) => result.status === status).length;
  const failures = formatResultsErrors(results, project, global, path);
  const unhandled = unhandledErrorsDetailed.map((error) => formatExecError(error, project, global));
  return {
    ...createEmptyTestResult(),
    failureMessage: [failures ?? '', ...unhandled].join('\n').trim() || null,
    numFailingTests: count('failed'),
    numPassingTests: count('passed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testFilePath: path,
    testResults: results,
    ...(unhandledErrors.length > 0 && {
      testExecError: { message: '', stack: unhandledErrors.join('\n') },
    }),
  };
}

function assertionOf(result: Circus.TestResult): AssertionResult {
  const [, ...names] = result.testPath.map(String);
  const title = names.at(-1) ?? '';
  return {
    ancestorTitles: names.slice(0, -1),
    title,
    fullName: names.join(' '),
    status: statusOf(result),
    failureDetails: [...result.errorsDetailed],
    failureMessages: [...result.errors],
    duration: result.duration ?? null,
    invocations: result.invocations,
    numPassingAsserts: result.numPassingAsserts,
    location: result.location ?? null,
    retryReasons: [],
  };
}

function statusOf({ status, errors }: Circus.TestResult): AssertionResult['status'] {
  if (status === 'skip') return 'pending';
  if (status === 'todo') return 'todo';
  return errors.length > 0 ? 'failed' : 'passed';
}

function timesOf(
  start: number,
  { slowTestThreshold }: Config.ProjectConfig,
): TestResult['perfStats'] {
  const end = Date.now();
  const runtime = end - start;
  const slow = runtime / 1000 > slowTestThreshold;
  return { ...createEmptyTestResult().perfStats, start, end, runtime, slow };
}

/** Takes away what a file has set in the environment. */
function restore(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env))
    if (!(name in environment)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, environment);
  process.exitCode = undefined;
}

let session: Session | undefined;

async function startedCoverage(): Promise<Session> {
  if (session !== undefined) return session;
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return session;
}

/** What of the project was run since the last time. */
async function coverageOf(
  profiler: Session,
  root: string,
): Promise<NonNullable<TestResult['v8Coverage']>> {
  const { result } = await profiler.post('Profiler.takePreciseCoverage');
  return result
    .filter(
      ({ url }) =>
        url.startsWith(pathToFileURL(root).href) && !/\/node_modules\/|\.test\.ts/.test(url),
    )
    .map((script) => ({
      codeTransformResult: undefined,
      result: { ...script, url: fileURLToPath(script.url) },
    }));
}
