import type { DocumentStore } from '@keyserver/docstore';
import {
  type Ambient,
  metDamage,
  namedProbe,
  probeAll,
  schedulerVerifier,
} from '@keyserver/service';
import {
  type KeyStoreSettings,
  StorePartFault,
  type OwnParts,
  cellStore,
  exportStore,
  findSigningKeys,
  keyHasher,
  leaseStore,
  listExports,
  listPlanned,
  ownParts,
  readKeyBatches,
  readPauses,
  readPlans,
  shapeKeeper,
  shapePool,
  storedWindows,
  unitStore,
  usedSigningKeys,
} from '@keyserver/stores';
import { type KeyRules, keyRulesOf } from '@keyserver/exposure-keys';
import { type Logger, configuredId } from '@keyserver/log';
import {
  type Cell,
  type Plan,
  type PlanSpan,
  generatorOf,
  partnerOfReader,
  planSpanOf,
  reviserOf,
} from '@keyserver/padding';
import {
  type ExportFiles,
  type Platform,
  type Wired,
  atRest,
  exportFiles,
  openPlatform,
  probeUnless,
  restsLately,
  storeAnswers,
  wireOver,
} from '@keyserver/platform';
import type { Random } from '@keyserver/random';
import { type Clock, DAY, HOUR } from '@keyserver/time';
import type { AppDeps } from './app.ts';
import { type ExportSettings, timesOf } from './config.ts';
import { checkStart } from './check-start.ts';
import { closingWatch } from './closing-watch.ts';
import { missingArchives, probesOfWork } from './health.ts';
import { lateWatches } from './late-watches.ts';
import { jitteredPause } from './pause.ts';
import { pauseWatch } from './pause-watch.ts';
import { exportProgress } from './progress.ts';
import { revisableDocuments } from './revisable-documents.ts';
import { scheduledJobs } from './scheduled-jobs.ts';
import { signingKeyWatch } from './signing-key-watch.ts';

/** How long batches outlast their files, so that the files can still be deleted by them. */
const AFTERLIFE = 60 * DAY;

export { openCloudExporter } from '@keyserver/platform';

/** Opens the platform that the settings name, and puts the service together over it. */
export const wire = async (config: ExportSettings, ambient: Ambient): Promise<Wired<AppDeps>> =>
  await wireOver(
    await openPlatform(config, ambient, exportFiles(config)),
    async (platform) => await depsOver(platform, config, ambient),
  );

async function depsOver(
  platform: Platform & ExportFiles,
  config: ExportSettings,
  ambient: Ambient,
): Promise<AppDeps> {
  const { clock, timers, random, openLog, logHealth } = ambient;
  const { store, findSigner, trySigner, format } = platform;
  const log = openLog(config.LOG_LEVEL);
  const parts = await ownParts({ ...platform, storeId: format.storeId, clock });
  const times = timesOf(config, store.closingDelay);
  const keys = keySettings(config, platform);
  const planning = { span: planSpanOf(config.PROFILE), keepMs: times.retentionMs + AFTERLIFE };
  const kept = { random, keys, windows: storedWindows, ...planning };
  const batches = exportStore(store, kept);
  const units = unitStore(store, kept);
  const shared = {
    ...{ log, openBucket: parts.openBucket, findSigner, trySigner },
    listExports: listExports(store),
    findSigningKeys: findSigningKeys(store),
    usedKeys: usedSigningKeys(store),
    storeTime: async () => await store.now(),
    readPauses: async () => await readPauses(store),
  };
  const watch = signingKeyWatch(shared);
  const late = lateWatches(store, { ...shared, ...times, ...planning, batches, units });
  const archives = missingArchives();
  const damage = metDamage(clock);
  const jobs = scheduledJobs({
    ...batches,
    ...times,
    ...shared,
    ...{ units, clock, random, checkSigningKeys: watch.check },
    checkLate: late.check,
    checkPauses: pauseWatch(store, {
      ...{ ...shared, ...batches.listings, ...keys },
      ...{ units, random },
    }),
    standsStill: atRest(platform),
    checkClosing: closingWatch(store, log),
    noteFault: damage.note,
    lookedAfter: new Map(),
    missingArchives: archives,
    ...settlingOf(store, { keys, rules: keyRulesOf(config), clock, random, log, ...planning }),
    leases: leaseStore(store, random),
    ...{ timers, pause: jitteredPause({ random, timers }) },
    limit: config.CATCH_UP_BATCHES,
  });
  await checkStart({ ...shared, ...planning, watch, ...startChecks(platform, parts) });
  const ownsParts = namedProbe('part_missing', StorePartFault, parts.check);
  const work = probesOfWork({ ...shared, store, random, clock });
  const own = [storeAnswers(platform), ...work, ownsParts];
  const rests = restsLately(platform, timers);
  const awake = [watch.probe, archives.probe, ...late.probes].map((one) => probeUnless(rests, one));
  const others = [damage.probe, logHealth, ...platform.probes];
  const health = probeAll(timers, [...own, ...awake, ...others]);
  const verifyCaller = schedulerVerifier(config, ambient);
  const shown = { ...shared, ...times, ...batches, units };
  const progress = exportProgress({ ...shown, ...plannedIn(store, planning.span) });
  return { log, clock, timers, random, health, verifyCaller, jobs, progress };
}

const plannedIn = (store: DocumentStore, span: PlanSpan) => ({
  listPlanned: listPlanned(store, span),
  readWindows: async () => await storedWindows(store),
});

/** What it takes to read batches and to settle their cells. */
function settlingOf(
  store: DocumentStore,
  options: {
    readonly keys: KeyStoreSettings;
    readonly rules: KeyRules;
    readonly clock: Clock;
    readonly random: Random;
    readonly span: PlanSpan;
    readonly keepMs: number;
    readonly log: Logger;
  },
) {
  const { keys, rules, clock, random, span, log } = options;
  const reading = { readKeyBatches: readKeyBatches(store, keys), cells: cellStore(store, options) };
  return {
    ...reading,
    planOf: readPlans(store, span),
    generatorOf: async (plan: Plan) => {
      const pool = await shapePool(store, plan.start);
      const windows = await storedWindows(store);
      return generatorOf(plan, { pool, rules, windows, random });
    },
    revisionsOf: async (plan: Plan) => {
      const windows = await storedWindows(store);
      return {
        revise: reviserOf({ rules, windows, random }),
        candidates: (cell: Cell) =>
          revisableDocuments({ ...reading, random, retention: keys.retention }, plan, cell),
        onShortage: ({ readers }: Cell) => {
          // A partner has a colon in its id, and no export has one.
          const id = readers.find((one) => partnerOfReader(one) === undefined) ?? readers[0] ?? '';
          log.event('export.revisions_alone', { config: configuredId({ id }) });
        },
      };
    },
    keepShapes: shapeKeeper(store, { random, clock, retention: keys.retention }),
  };
}

const keySettings = (config: ExportSettings, { keyHashSecret }: Platform) => ({
  retention: config.KEY_RETENTION_HOURS * HOUR,
  maxKeyAge: config.MAX_KEY_AGE_HOURS * HOUR,
  hashKey: keyHasher(keyHashSecret),
});

const startChecks = ({ checkBucket }: ExportFiles, parts: OwnParts) => ({
  checkBucket: async (bucket: string): Promise<void> => {
    await checkBucket?.(bucket);
    await parts.checkBucket(bucket);
  },
  replacesAnother: checkBucket !== undefined,
});
