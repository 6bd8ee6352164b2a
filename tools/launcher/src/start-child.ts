import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Environment } from '@keyserver/config';
import type { ServiceChild } from './supervise.ts';

/** How to start a service as a process. */
interface ChildRecipe {
  /** The file that node runs. */
  readonly script: URL;
  readonly env: Environment;
  /** Takes whole lines of the service's log. */
  readonly onLog: (lines: string) => void;
  /** Takes whole lines of the error stream, where a process says why it cannot start. */
  readonly onSay: (lines: string) => void;
}

const NOT_STARTED = 127;
const BY_SIGNAL = 128;

/**
 * Starts a service. Its channel to this process stays open as long as this process lives, however it ends: the service
 * stops when the channel closes. It has a process group of its own, so Ctrl-C reaches the launcher alone, which then
 * ends the services in order.
 */
export function startChild(recipe: ChildRecipe): ServiceChild {
  try {
    return childOf(recipe);
  } catch {
    // Node throws when no process can be created, for lack of memory for example. It may pass, so it counts as an ending.
    return NEVER_BEGUN;
  }
}

const NEVER_BEGUN: ServiceChild = {
  ended: Promise.resolve(NOT_STARTED),
  ask: () => undefined,
  kill: () => undefined,
  tell: () => undefined,
};

/**
 * Room for new objects, MiB. V8 would take up to three times 32, for objects that live for one request:
 * https://nodejs.org/docs/latest-v24.x/api/cli.html#--max-semi-space-sizesize-in-mib
 */
const YOUNG = '--max-semi-space-size=16';

function childOf({ script, env, onLog, onSay }: ChildRecipe): ServiceChild {
  const file = fileURLToPath(script);
  // What is not compiled must find the sources of other packages, too.
  const conditions = file.endsWith('.ts') ? ['--conditions=source'] : [];
  const args = [...conditions, YOUNG, '--disable-warning=ExperimentalWarning', file];
  const child = spawn(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  child.stdout?.setEncoding('utf8').on('data', wholeLines(onLog));
  child.stderr?.setEncoding('utf8').on('data', wholeLines(onSay));
  const ended = new Promise<number>((resolve) => {
    // It may come more than once: a process that lives on and could not be signalled says so too.
    child.on('error', () => {
      if (child.pid === undefined) resolve(NOT_STARTED);
    });
    child.once('close', (code, signal) => {
      resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  return {
    ended,
    ask: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
    tell: (message) => {
      child.send(message, () => undefined); // one that has just ended is started anew, and told then
    },
  };
}

const LONGEST = 256 * 1024;

/** Cuts a stream of text into whole lines, line feeds included; a line without an end is passed on when it grows too long. */
export function wholeLines(take: (lines: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    const end = rest.length > LONGEST ? rest.length : rest.lastIndexOf('\n') + 1;
    if (end === 0) return;
    const lines = rest.slice(0, end);
    rest = rest.slice(end);
    take(lines);
  };
}
