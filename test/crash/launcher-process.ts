import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../support/free-ports.ts';

/** `npm start` as a process of its own. */
export interface LauncherProcess {
  readonly urls: Readonly<Record<'publish' | 'export' | 'cdn', string>>;
  /** Everything that it has shown. */
  readonly screen: () => string;
  /** Goes away, as `head` does when it has seen enough. */
  readonly closeScreen: () => void;
  /** The status of a path of a service; 0 when there is no answer. */
  readonly status: (url: string) => Promise<number>;
  /** What it has said outside the screen. */
  readonly said: () => string;
  /** Sends a signal that ends it; the answer is its exit status. */
  readonly signal: (name: NodeJS.Signals) => Promise<number | null>;
  readonly stop: () => Promise<number | null>;
}

const SCRIPT = fileURLToPath(import.meta.resolve('@keyserver/launcher/start'));

/** Starts the whole suite on a data directory and free ports, and waits until it can be used. `flags` are Node's. */
export async function startLauncher(
  dataDirectory: string,
  flags: readonly string[] = [],
): Promise<LauncherProcess> {
  const [publish, exporting, cleanup, trust, cdn, issuer, serve, pull] = await freePorts(8);
  const ports = {
    ...{ PUBLISH_PORT: String(publish), EXPORT_PORT: String(exporting) },
    CLEANUP_PORT: String(cleanup),
    TRUST_PORT: String(trust),
    FEDERATION_SERVE_PORT: String(serve),
    ...{ CDN_PORT: String(cdn), ISSUER_PORT: String(issuer) },
    FEDERATION_PULL_PORT: String(pull),
  };
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', ...flags, SCRIPT],
    {
      env: { PATH: process.env['PATH'], DATA_DIR: dataDirectory, ...ports },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const urls = {
    publish: `http://127.0.0.1:${ports.PUBLISH_PORT}`,
    export: `http://127.0.0.1:${ports.EXPORT_PORT}`,
    cdn: `http://127.0.0.1:${ports.CDN_PORT}`,
  };
  const screen = textOf(child.stdout);
  const said = textOf(child.stderr);
  child.stderr.pipe(process.stderr);
  await until('the launcher says how to stop it', () =>
    Promise.resolve(screen().includes('Ctrl-C stops everything.')),
  );
  const signal = async (name: NodeJS.Signals): Promise<number | null> => {
    child.kill(name);
    return await ended;
  };
  return {
    ...{ urls, screen, said, status },
    closeScreen: () => {
      child.stdout.destroy();
    },
    signal,
    stop: async () => await signal('SIGTERM'),
  };
}

function textOf(stream: Readable): () => string {
  let shown = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return () => shown;
}

async function status(url: string): Promise<number> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

const PATIENCE_MS = 120_000;
const BETWEEN_MS = 200;

/** Looks again and again until something holds. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > giveUp) throw new Error(`it took too long until ${what}`);
    await pause(BETWEEN_MS);
  }
}
