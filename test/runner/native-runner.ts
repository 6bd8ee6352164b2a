import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CallbackTestRunner,
  type OnTestFailure,
  type OnTestStart,
  type OnTestSuccess,
  type Test,
  type TestWatcher,
} from 'jest-runner';
import { Worker } from 'jest-worker';
import { longestFirst } from './longest-first.ts';
import type { runFile } from './run-file.ts';

interface Workers {
  readonly runFile: typeof runFile;
  end(): Promise<unknown>;
}

/** After a test file a process that holds more than this is replaced by a fresh one, in bytes. */
const IDLE_MEMORY = 1_500_000_000;

/**
 * Runs test files in bare Node.js processes, some at once, instead of in virtual contexts of jest's own.
 *
 * A process loads each module once for all of its test files, as Node.js loads it in service: with its own loader, which
 * strips the types. What a file leaves behind in a module is there for the next one, so modules keep no state.
 */
export default class NativeRunner extends CallbackTestRunner {
  async runTests(
    tests: readonly Test[],
    watcher: TestWatcher,
    ...report: [OnTestStart, OnTestSuccess, OnTestFailure]
  ): Promise<void> {
    const [onStart, onResult, onFailure] = report;
    const workers = this._globalConfig.runInBand
      ? await inThisProcess()
      : this.#startWorkers(tests.length);
    let failures = 0;
    const { bail } = this._globalConfig;
    const runTest = async (test: Test): Promise<void> => {
      // Jest ends the run at each result after so many failures, but goes on here until its output is written.
      if (watcher.isInterrupted() || (bail > 0 && failures >= bail)) return;
      try {
        await onStart(test);
        const { config } = test.context;
        const result = await workers.runFile(test.path, config, this._globalConfig);
        failures += result.numFailingTests;
        await onResult(test, result);
      } catch (error) {
        const stack = error instanceof Error ? error.stack : undefined;
        await onFailure(test, { message: String(error), stack });
      }
    };
    try {
      await eachOf(longestFirst(tests), this._globalConfig.maxWorkers, runTest);
    } finally {
      await workers.end();
    }
  }

  #startWorkers(files: number): Workers {
    const numWorkers = Math.min(this._globalConfig.maxWorkers, files);
    const workers: unknown = new Worker(fileURLToPath(new URL('run-file.ts', import.meta.url)), {
      exposedMethods: ['runFile'],
      numWorkers,
      maxRetries: 0,
      idleMemoryLimit: IDLE_MEMORY,
      forkOptions: {
        execArgv: [
          ...['--conditions=source', '--conditions=engine-in-process'],
          '--disable-warning=ExperimentalWarning',
        ],
        env: { ...process.env, NODE_COMPILE_CACHE: this.#compileCache() },
        stdio: 'inherit',
      },
    });
    // Worker adds the functions that it exposes.
    return workers as Workers;
  }

  /**
   * Where Node.js keeps the sources as it has compiled them, without their types. To compile them is half of what the start
   * of a process or a thread costs, and tests start hundreds. Coverage of code that was kept is less exact, so it has none.
   */
  #compileCache(): string | undefined {
    const { collectCoverage, rootDir } = this._globalConfig;
    return collectCoverage ? undefined : join(rootDir, 'node_modules/.cache/node');
  }
}

/** For a debugger, which follows one process; the process needs the flags that the others are given. */
async function inThisProcess(): Promise<Workers> {
  const { runFile } = await import('./run-file.ts');
  return { runFile, end: () => Promise.resolve() };
}

/** Does something with each entry, in their order, so many at once. */
async function eachOf<T>(
  entries: readonly T[],
  atOnce: number,
  act: (entry: T) => Promise<void>,
): Promise<void> {
  const waiting = [...entries];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
