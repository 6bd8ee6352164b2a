import { type Environment, loadSettings, storeVariables } from '@keyserver/config';
import type { ServiceName, TextStream } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import {
  listExports,
  listQueries,
  openStoreFormat,
  ownParts,
  readDataKeys,
} from '@keyserver/stores';
import { type Clock, SECOND, type Timers } from '@keyserver/time';
import { resolve } from 'node:path';
import {
  type LaunchedService,
  awaitHealth,
  commonEnvironment,
  servicesOf,
  urlsOf,
} from './services.ts';
import { LaunchFault, type LauncherConfig, busyPorts, launcherConfig } from './settings.ts';
import { firstStart } from './first-start.ts';
import {
  JOBS,
  ROTATE_KEYS,
  attemptJob,
  jobPoster,
  runQueries,
  runSchedule,
  sweepEveryHour,
} from './schedule.ts';
import { type LaunchLogs, launchLogs } from './launch-log.ts';
import type { LauncherPlatform } from './launcher-platform.ts';
import { type JobIssuer, serveIssuer } from './job-issuer.ts';
import { startChild } from './start-child.ts';
import { DEVELOPMENT_WARNING, summary } from './summary.ts';
import { type Supervised, supervise } from './supervise.ts';

/** What the launcher takes from its process. */
export interface LaunchContext {
  readonly env: Environment;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** What the launcher says to whoever started it; `process.stdout` is one. */
  readonly screen: TextStream;
  readonly openPlatform: (dataDirectory: string) => Promise<LauncherPlatform>;
  /** Ends a start that is still under way. */
  readonly signal: AbortSignal;
}

/** The whole suite on one machine, running. */
export interface RunningSuite {
  readonly urls: ReturnType<typeof urlsOf>;
  /** Ends everything within five seconds; requests under way may finish. */
  stop(): Promise<void>;
}

const PATIENCE = 4.5 * SECOND;

/** Starts the suite; throws LaunchFault, or another fault, when nothing was left running. */
export async function launch(context: LaunchContext): Promise<RunningSuite> {
  const config = launcherConfig(context.env);
  const busy = await busyPorts(config);
  if (busy.length > 0) throw new LaunchFault(busy.join('\n'));
  const dataDirectory = resolve(config.DATA_DIR);
  const platform = await context.openPlatform(dataDirectory);
  const children = new Map<ServiceName, Supervised>();
  const { screen, clock, timers } = context;
  const onChange = (service: ServiceName): void => {
    children.get(service)?.tell({ logIsKept: logs.areKept(service) });
  };
  const logs = launchLogs({ dataDirectory, screen, clock, timers, onChange });
  if (config.PROFILE === 'development') logs.print(DEVELOPMENT_WARNING);
  const giveBack = async (): Promise<void> => {
    await platform.close();
    logs.close();
  };
  try {
    const stop = await startAll(context, { config, dataDirectory, platform, logs, children });
    return {
      urls: urlsOf(config),
      stop: async () => {
        logs.print('Stopping ...');
        await stop().finally(giveBack);
      },
    };
  } catch (fault) {
    await giveBack();
    throw fault;
  }
}

interface Opened {
  readonly config: LauncherConfig;
  readonly dataDirectory: string;
  readonly platform: LauncherPlatform;
  readonly logs: LaunchLogs;
  readonly children: Map<ServiceName, Supervised>;
}

async function startAll(context: LaunchContext, opened: Opened): Promise<() => Promise<void>> {
  const { config, dataDirectory, platform, logs, children } = opened;
  await compareFormat(context, opened);
  const exportKey = await firstStart(platform, { profile: config.PROFILE, random: context.random });
  const urls = urlsOf(config);
  const issuer = await platform.openIssuer(urls.issuer);
  if (issuer.isNew && !platform.isFirstStart) logs.log.event('launcher.issuer_replaced', {});
  const served = await serveIssuer(issuer.documents, config.ISSUER_PORT, context.timers);
  const sweeping = sweepEveryHour(platform.sweepObjects, logs.log);
  const services = servicesOf(config, context.env, issuer);
  for (const service of services) children.set(service.name, keepRunning(service, context, logs));
  await firstDataKey(context, opened, { services, issuer });
  const late = await awaitHealth(services, context);
  const schedule = scheduleJobs(opened, issuer, context.timers);
  if (!context.signal.aborted)
    logs.print(summary({ config, dataDirectory, issuer, exportKey, late }));
  return async () => {
    schedule.stop();
    sweeping.stop();
    await Promise.all([...children.values()].map((child) => child.stop(PATIENCE)));
    await served.close();
  };
}

/** Has the first data key of revision tokens made: until then the publish service takes nothing. */
async function firstDataKey(
  { timers, signal }: LaunchContext,
  { config, platform, logs }: Opened,
  {
    services,
    issuer,
  }: { readonly services: readonly LaunchedService[]; readonly issuer: JobIssuer },
): Promise<void> {
  if ((await readDataKeys(platform.store)()).length > 0) return;
  await awaitHealth(
    services.filter(({ name }) => name === 'trust'),
    { timers, signal },
  );
  const post = jobPoster(urlsOf(config), issuer.mint);
  const turn = await attemptJob(ROTATE_KEYS, { post, timers, signal });
  if (turn.kind === 'failed')
    logs.log.event('launcher.job_unanswered', { job: ROTATE_KEYS.name, status: turn.status });
}

/** Refuses data of another format, or parts that do not belong together, before any service would, and before a new store is given a configuration. */
async function compareFormat(
  { env, random, clock }: LaunchContext,
  { config, dataDirectory, platform }: Opened,
): Promise<void> {
  const { TRUNCATE_WINDOW_SECONDS: window } = loadSettings(
    { TRUNCATE_WINDOW_SECONDS: storeVariables.TRUNCATE_WINDOW_SECONDS },
    commonEnvironment(config, env),
  );
  const { store, keyHashSecret } = platform;
  const known = { place: dataDirectory, window, profile: config.PROFILE, keyHashSecret };
  const { storeId } = await openStoreFormat(store, known, random);
  const { checkBucket } = await ownParts({ ...platform, storeId, clock });
  for (const bucket of new Set((await listExports(store)()).map((config) => config.bucket)))
    await checkBucket(bucket);
}

const keepRunning = (
  service: LaunchedService,
  { clock, timers }: LaunchContext,
  logs: LaunchLogs,
): Supervised =>
  supervise({
    name: service.name,
    clock,
    timers,
    log: logs.log,
    start: () => {
      const child = startChild({
        script: service.script,
        env: service.env,
        onLog: logs.lineTaker(service.name),
        onSay: logs.stderrTaker(service.name),
      });
      child.tell({ logIsKept: logs.areKept(service.name) });
      return child;
    },
  });

function scheduleJobs(
  { config, logs, platform: { store } }: Opened,
  issuer: JobIssuer,
  timers: Timers,
): ReturnType<typeof runSchedule> {
  const options = {
    profile: config.PROFILE,
    post: jobPoster(urlsOf(config), issuer.mint),
    timers,
    log: logs.log,
  };
  const list = listQueries(store);
  const schedule = runSchedule(JOBS, options);
  const queries = runQueries(async () => {
    const [now, all] = await Promise.all([store.now(), list()]);
    const inForce = all.filter(({ from, thru }) => from <= now && (thru ?? Infinity) > now);
    return inForce.map(({ id }) => id);
  }, options);
  return {
    stop: () => {
      queries.stop();
      schedule.stop();
    },
  };
}
