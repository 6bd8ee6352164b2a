import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SERVICE = join(import.meta.dirname, '../services/publish/dist/main.js');

/** A publish service in a process of its own. */
export interface PublishProcess {
  readonly pid: number;
  readonly port: number;
  /** Sends a signal, and waits until the process is gone. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
}

/** Starts a publish service over a data directory; it writes profiles of its threads into a directory that is named. */
export async function startPublishProcess(
  dataDirectory: string,
  profile: string | undefined,
): Promise<PublishProcess> {
  if (!existsSync(SERVICE))
    throw new Error('run npm run build first: a compiled service is measured');
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const flags = ['--disable-warning=ExperimentalWarning', ...profiling];
  const child = spawn(process.execPath, [...flags, SERVICE], {
    env: { PLATFORM: 'local', DATA_DIR: dataDirectory, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('close', () => {
      reject(new Error('publish did not start'));
    });
    // Read to the end, so that the service never waits for a full pipe.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"service.started"')) return;
      const found = /"url":"[^"]+:(\d+)"/.exec(line)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return {
    ...{ pid: child.pid ?? 0, port },
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}
