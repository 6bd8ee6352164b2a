import { ConfigFault, type Environment } from '@keyserver/config';
import {
  type LogLevel,
  type Logger,
  type ServiceName,
  faultTrail,
  settingNames,
} from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type Clock, SECOND, type Timers } from '@keyserver/time';
import type { HealthProbe } from './health.ts';
import type { RunningService } from './listen.ts';
import { type LoggingProcess, type ProcessLogs, processLogs } from './process-logs.ts';

/** The time and chance of a machine, or what stands for them in a test. */
export interface TimeAndChance {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The time, chance and log that a service is started with. */
export interface Ambient extends TimeAndChance {
  readonly openLog: (level: LogLevel) => Logger;
  /** Fails while lines of the log are being lost. */
  readonly logHealth: HealthProbe;
}

/** Starts a service: settings, adapters, server. */
export type StartService = (env: Environment, ambient: Ambient) => Promise<RunningService>;

/** How long a service may take to end. Cloud Run grants 10 seconds. */
const PATIENCE = 8 * SECOND;

type Ending = 'SIGTERM' | 'SIGINT' | 'disconnect';
type Crash = 'uncaughtException' | 'unhandledRejection';

/** What a service needs of its process; `process` itself is one. */
export interface ServiceProcess extends LoggingProcess {
  readonly env: Environment;
  on(event: Ending | Crash | 'message', listener: (given: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Runs a service as a whole process: starts it, ends it in order on SIGTERM, on SIGINT and when the parent process
 * is gone, and exits with 1 and one clear sentence when it cannot start.
 */
export async function runService(options: {
  readonly name: ServiceName;
  readonly start: StartService;
  readonly process: ServiceProcess;
  readonly machine: TimeAndChance;
}): Promise<void> {
  const { name, start, process: host, machine } = options;
  const logs = processLogs(name, host, machine);
  const running: Running = { host, log: logs.open('info'), logs, timers: machine.timers };
  exitOnCrash(running);
  try {
    const service = await start(host.env, {
      ...machine,
      openLog: logs.open,
      logHealth: logs.health,
    });
    running.log.event('service.started', { url: service.url });
    endOnSignal(running, service);
  } catch (fault) {
    logRefusal(running.log, fault);
    logs.say(`${name} cannot start: ${sentenceOf(fault)}`);
    exit(running, 1);
  }
}

interface Running {
  readonly host: ServiceProcess;
  readonly log: Logger;
  readonly logs: ProcessLogs;
  readonly timers: Timers;
}

function exit({ host, logs }: Running, code: number): void {
  logs.flush();
  host.exit(code);
}

function logRefusal(log: Logger, fault: unknown): void {
  if (fault instanceof ConfigFault)
    log.event('config.refused', { settings: settingNames(fault.problems) });
  else log.event('service.not_started', { causes: faultTrail(fault) });
}

// Nobody has sent anything before the start, so these messages can only tell of the operator's own machine.
const sentenceOf = (fault: unknown): string =>
  (fault instanceof Error ? fault.message : 'an unknown fault').replace(/\s+/g, ' ').trim();

function exitOnCrash(running: Running): void {
  const crash = (fault: unknown): void => {
    running.log.event('service.crashed', { causes: faultTrail(fault) });
    exit(running, 1);
  };
  running.host.on('uncaughtException', crash);
  running.host.on('unhandledRejection', crash);
}

function endOnSignal(running: Running, service: RunningService): void {
  const { host, log } = running;
  let ending = false;
  const end = async (cause: Ending): Promise<void> => {
    if (ending) return; // a terminal and npm may both pass the same signal on
    ending = true;
    const giveUp = (): void => {
      exit(running, 1);
    };
    running.timers.after(PATIENCE, giveUp, { unref: true });
    log.event('service.stopping', { cause });
    try {
      await service.close();
      log.event('service.stopped', {});
      exit(running, 0);
    } catch (fault) {
      log.event('service.crashed', { causes: faultTrail(fault) });
      exit(running, 1);
    }
  };
  for (const cause of ['SIGTERM', 'SIGINT', 'disconnect'] as const)
    host.on(cause, () => void end(cause));
}
