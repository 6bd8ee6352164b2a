import type { Environment } from '@keyserver/config';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { wholeLines } from './lines.ts';
import type { ServiceChild } from './supervise.ts';

/** How to start a service as a process. */
export interface ChildRecipe {
  /** The file that node runs. */
  readonly script: URL;
  readonly env: Environment;
  /** Takes whole lines of the service's log. */
  readonly onLog: (lines: string) => void;
  /** Takes whole lines that the process says outside its log: why it cannot start. */
  readonly onSay: (lines: string) => void;
}

const NOT_STARTED = 127;
const BY_SIGNAL = 128;

/**
 * Starts a service. Its channel to this process stays open as long as this process lives, however it ends: the service
 * stops when the channel closes. It has a process group of its own, so Ctrl-C reaches the launcher alone, which then
 * ends the services in order.
 */
export function startChild({ script, env, onLog, onSay }: ChildRecipe): ServiceChild {
  const args = [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(script),
  ];
  const child = spawn(process.execPath, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  });
  child.stdout?.setEncoding('utf8').on('data', wholeLines(onLog));
  child.stderr?.setEncoding('utf8').on('data', wholeLines(onSay));
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => {
      resolve(NOT_STARTED);
    });
    child.once('close', (code, signal) => {
      resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  return {
    ended,
    ask: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
  };
}
