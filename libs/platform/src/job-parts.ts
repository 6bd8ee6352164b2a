import { type AloneDeps, jobRunner } from '@keyserver/jobs';
import type { LogLevel } from '@keyserver/log';
import {
  type Ambient,
  type CallerSettings,
  type HealthProbe,
  type JobAppDeps,
  metDamage,
  probeAll,
  schedulerVerifier,
} from '@keyserver/service';
import { leaseStore } from '@keyserver/stores';
import { atRest } from './at-rest.ts';
import { completedRuns } from './job-progress.ts';
import type { Platform } from './open-platform.ts';
import { probesOf } from './probes.ts';

/** What every service is made of whose jobs a scheduler starts. */
export type JobParts = JobAppDeps & AloneDeps;

/** The settings of such a service: who may start jobs, and how much is logged. */
interface JobSettings extends CallerSettings {
  readonly LOG_LEVEL: LogLevel;
}

/**
 * Puts those parts together over a platform. Health tells of the platform, of damage that a job has met and of lost lines of
 * the log, and of what `probes` ask on top.
 */
export function jobParts(
  platform: Platform,
  { config, ambient }: { readonly config: JobSettings; readonly ambient: Ambient },
  probes: readonly HealthProbe[] = [],
): JobParts {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const log = openLog(config.LOG_LEVEL);
  const damage = metDamage(clock);
  return {
    ...{ log, clock, timers, random },
    verifyCaller: schedulerVerifier(config, ambient),
    runner: jobRunner({
      ...{ clock, log, timers, noteFault: damage.note },
      standsStill: atRest(platform),
    }),
    leases: leaseStore(platform.store, random),
    noteRun: completedRuns(platform.store),
    health: probeAll(timers, [...probesOf(platform), ...probes, damage.probe, logHealth]),
  };
}
