import { ConfigFault, type Environment } from '@keyserver/config';
import {
  type Logger,
  type ServiceName,
  createLogger,
  faultTrail,
  settingNames,
} from '@keyserver/log';
import { type Random, systemRandom } from '@keyserver/random';
import { type Clock, SECOND, systemClock } from '@keyserver/time';
import type { RunningService } from './listen.ts';

/** The time, chance and log output that a service is started with. */
export interface Ambient {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes one whole line of the log, its line feed included. */
  readonly write: (line: string) => void;
}

/** Starts a service: settings, adapters, server. */
export type StartService = (env: Environment, ambient: Ambient) => Promise<RunningService>;

/** How long a service may take to end. Cloud Run grants 10 seconds. */
const PATIENCE = 8 * SECOND;

type Ending = 'SIGTERM' | 'SIGINT' | 'disconnect';
type Crash = 'uncaughtException' | 'unhandledRejection';

/** What a service needs of its process; `process` itself is one. */
export interface ServiceProcess {
  readonly env: Environment;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  on(event: Ending | Crash, listener: (fault: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Runs a service as a whole process: starts it, ends it in order on SIGTERM, on SIGINT and when the parent process
 * is gone, and exits with 1 and one clear sentence when it cannot start.
 */
export async function runService(of: {
  readonly name: ServiceName;
  readonly start: StartService;
  readonly process: ServiceProcess;
}): Promise<void> {
  const { name, start, process: host } = of;
  const write = (line: string): void => {
    host.stdout.write(line);
  };
  const log = createLogger({ service: name, write, clock: systemClock });
  exitOnCrash(host, log);
  try {
    const service = await start(host.env, { clock: systemClock, random: systemRandom, write });
    log.event('service.started', { url: service.url });
    endOnSignal(host, log, service);
  } catch (fault) {
    logRefusal(log, fault);
    host.stderr.write(`${name} cannot start: ${sentenceOf(fault)}\n`);
    host.exit(1);
  }
}

function logRefusal(log: Logger, fault: unknown): void {
  if (fault instanceof ConfigFault)
    log.event('config.refused', { settings: settingNames(fault.problems) });
  else log.event('service.not_started', { causes: faultTrail(fault) });
}

// Nobody has sent anything before the start, so these messages can only tell of the operator's own machine.
const sentenceOf = (fault: unknown): string =>
  (fault instanceof Error ? fault.message : 'an unknown fault').replace(/\s+/g, ' ').trim();

function exitOnCrash(host: ServiceProcess, log: Logger): void {
  const crash = (fault: unknown): void => {
    log.event('service.crashed', { causes: faultTrail(fault) });
    host.exit(1);
  };
  host.on('uncaughtException', crash);
  host.on('unhandledRejection', crash);
}

function endOnSignal(host: ServiceProcess, log: Logger, service: RunningService): void {
  let ending = false;
  const end = async (cause: Ending): Promise<void> => {
    if (ending) return; // a terminal and npm may both pass the same signal on
    ending = true;
    setTimeout(() => {
      host.exit(1);
    }, PATIENCE).unref();
    log.event('service.stopping', { cause });
    try {
      await service.close();
      log.event('service.stopped', {});
      host.exit(0);
    } catch (fault) {
      log.event('service.crashed', { causes: faultTrail(fault) });
      host.exit(1);
    }
  };
  for (const cause of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
    host.on(cause, () => void end(cause));
}
