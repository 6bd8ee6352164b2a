import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A service that runs as a process, is killed, and is started again. */
export interface ServiceProcess {
  /** Where it answers now; undefined while it starts. */
  url(): string | undefined;
  /** The number of the present process. */
  pid(): number;
  /** SIGKILL, and at once a new process. */
  kill(): void;
  /** Waits until the present process answers. */
  ready(): Promise<void>;
  /** How processes ended that nobody had killed, and what they crashed on. */
  readonly troubles: readonly string[];
  stop(): Promise<void>;
}

interface Life {
  readonly child: ChildProcess;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  url: string | undefined;
  killed: boolean;
}

/** Events that no kill explains. */
const NEVER = ['service.crashed', 'service.not_started', 'config.refused', 'request.fault'];

/** Starts a real service over a platform. It takes a free port anew in each life, and its log tells which. */
export function serviceProcess<S extends string>(
  service: S,
  ground: {
    readonly env: Readonly<Record<string, string>>;
    readonly script: (service: S) => readonly string[];
  },
  more: Readonly<Record<string, string>> = {},
): ServiceProcess {
  const troubles: string[] = [];
  const live = (): Life => {
    const child = spawn(
      process.execPath,
      [
        ...['--conditions=source', '--disable-warning=ExperimentalWarning'],
        ...ground.script(service),
      ],
      { env: { ...ground.env, ...more, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let begin: () => void = () => undefined;
    const life: Life = {
      child,
      started: new Promise((resolve) => {
        begin = resolve;
      }),
      ended: new Promise((resolve) => {
        child.once('close', (code) => {
          if (!life.killed) troubles.push(`${service} ended by itself with ${String(code)}`);
          resolve();
        });
      }),
      url: undefined,
      killed: false,
    };
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = eventOf(line);
      if (event?.message === 'service.started') {
        life.url = event.url;
        begin();
      }
      if (NEVER.includes(event?.message ?? '')) troubles.push(`${service}: ${line}`);
    });
    return life;
  };
  let life = live();
  return {
    troubles,
    url: () => life.url,
    pid: () => life.child.pid ?? 0,
    ready: async () => {
      await Promise.race([life.started, life.ended]);
    },
    kill: () => {
      life.killed = true;
      life.child.kill('SIGKILL');
      life = live();
    },
    stop: async () => {
      life.killed = true;
      life.child.kill('SIGKILL');
      await life.ended;
    },
  };
}

/** The last line of a killed process may be half a line. */
function eventOf(line: string): { readonly message: string; readonly url?: string } | undefined {
  try {
    return JSON.parse(line) as { message: string; url?: string };
  } catch {
    return undefined;
  }
}
