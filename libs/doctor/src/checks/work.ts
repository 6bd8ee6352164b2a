import { type LateCause, latenessOf } from '@keyserver/export-file';
import { PULL_PROBLEMS, isInForce, lagOf } from '@keyserver/federation';
import { planSpanOf } from '@keyserver/padding';
import { checkJobs, jobsWithoutQuery, missingServices } from '@keyserver/scheduled-jobs';
import {
  batchListing,
  listPlanned,
  readStandings,
  standsStill,
  storedWindows,
  totalDeltas,
  totalsProgress,
  unitProgress,
} from '@keyserver/stores';
import { HOUR, MINUTE, floorTo, unixMillis, windowStart } from '@keyserver/time';
import {
  type Check,
  type Finding,
  asSentence,
  counted,
  couldNotTell,
  failure,
  notApplicable,
  ok,
  warning,
  worstOf,
} from '../check.ts';
import { type OpenPatient, type Patient, unended } from '../patient.ts';
import { unlessLife } from '../unless-life.ts';
import { GIVE_URL } from './machine.ts';
import { examined } from './configuration.ts';

const BECAUSE: Readonly<Record<LateCause, string>> = {
  not_cut: 'its batches are not cut',
  no_signer: 'none of its signing keys can sign',
  not_made: 'a batch is not finished',
  not_listed: 'its index cannot be written',
};

const backlog: Check = {
  id: 'export_backlog',
  about: 'No export is later than it should be.',
  why: 'Whoever was near a person who reported learns of it later, or too late.',
  mend: 'See docs/runbooks/export.late.md: do /create-batches and /do-work run, and succeed?',
  run: async (patient) => {
    const opened = await patient.open();
    const { store } = opened;
    const windows = await storedWindows(store);
    const now = await store.now();
    const { minWindowAge, exportLate, profile } = patient.settings;
    const times = {
      ...{ now, windows, lateAfter: exportLate },
      minWindowAge: Math.max(minWindowAge, store.closingDelay),
    };
    const exports = unended(await listPlanned(store, planSpanOf(profile))(), now);
    if (exports.length === 0) return notApplicable('No export is planned for today.');
    const findings = await Promise.all(
      exports.map(async (config) => {
        const progress = await batchListing(store).progressOf(config.id);
        const because = latenessOf(config, progress, times);
        if (because === undefined) return ok(config.id);
        return progress.coveredUntil === undefined
          ? warning(
              `Export ${config.id} was never cut, which is right only for a few minutes after it was configured.`,
            )
          : failure(`Export ${config.id} is late, because ${BECAUSE[because]}.`);
      }),
    );
    return worstOf(findings, ok(`${counted(exports.length, 'export')} in time.`));
  },
};

/** An hour is folded when it has been over for a while; the job runs every five minutes. */
const FOLDED_WITHIN = 2 * HOUR;

const totalsFolded: Check = {
  id: 'statistics_folded',
  about: 'Counts of uploads are folded into statistics.',
  why: 'Health authorities see no figures, and single counts lie about longer than they should.',
  mend: 'Look at the job cleanup /totals: does it run, and does it succeed?',
  run: async ({ open }) => {
    const { store } = await open();
    const due = floorTo(await store.now(), HOUR) - FOLDED_WITHIN;
    const [progress] = await firstOf(store, totalsProgress);
    if (progress !== undefined)
      return progress.foldedUntil >= due
        ? ok('Counts are folded.')
        : failure(`Counts are folded only until ${timeText(progress.foldedUntil)}.`);
    const waiting = await firstOf(store, totalDeltas);
    if (waiting.length === 0) return notApplicable('Nothing was counted yet.');
    return waiting.some(({ hour }) => hour < due)
      ? failure('Counts of uploads wait, and none was ever folded.')
      : ok('The first counts are yet to be folded.');
  },
};

async function firstOf<D>(
  store: OpenPatient['store'],
  from: Parameters<typeof store.pages<D>>[0],
): Promise<readonly D[]> {
  for await (const page of store.pages(from, { limit: 100 })) return page.map(({ value }) => value);
  return [];
}

const timeText = (t: number): string => new Date(t).toISOString().replace('.000Z', 'Z');

const federationLag: Check = {
  id: 'federation_lag',
  about: 'What is fetched from other servers is not far behind.',
  why: 'People who met travelers are warned late, or not at all.',
  mend: 'See `npx keyserver federation status`, and docs/runbooks/federation.stopped.md.',
  run: async (patient) => {
    const { configuration, store, now } = await examined(patient);
    const queries = configuration.queries.filter((query) => isInForce(query, now));
    if (queries.length === 0) return notApplicable('Nothing is fetched from other servers.');
    const standings = await readStandings(
      store,
      queries.map(({ id }) => id),
    );
    const findings = queries.map(({ id }, n): Finding => {
      const standing = standings[n];
      if (standing === undefined) return warning(`Query ${id} has never run.`);
      const { problem } = standing;
      if (problem !== undefined && PULL_PROBLEMS[problem].stops)
        return failure(asSentence(`Query ${id}: ${PULL_PROBLEMS[problem].sentence}`));
      const lag = lagOf(standing, now);
      return lag > patient.settings.federationLate
        ? failure(`Query ${id} is ${Math.round(lag / MINUTE)} minutes behind its partner.`)
        : ok(id);
    });
    return worstOf(findings, ok(`${counted(queries.length, 'query')} not behind.`));
  },
};

const partnerUnits: Check = {
  id: 'partner_units',
  about: 'What padded partners are given is cut and settled in time.',
  why: 'A partner gets nothing that lies behind a unit which is not settled.',
  mend: 'See docs/runbooks/federation.units_late.md.',
  run: async (patient) => {
    const { configuration, store, now } = await examined(patient);
    const padded = unended(configuration.partners, now).filter(({ mode }) => mode === 'padded');
    if (padded.length === 0) return notApplicable('There is no padded partner.');
    const windows = await storedWindows(store);
    const late = Math.max(0, now - store.closingDelay - patient.settings.exportLate);
    const closed = windowStart(windows, unixMillis(late));
    const findings = await Promise.all(
      padded.map(async ({ id, from, unit }) => {
        const { coveredUntil, open } = await unitProgress(store, id);
        if (coveredUntil === undefined)
          return now - from < unit + patient.settings.exportLate
            ? ok(id)
            : warning(
                `Partner ${id} was never given a unit, which is right only until the plan after it was configured.`,
              );
        if (coveredUntil < floorTo(closed, unit))
          return failure(`Units of partner ${id} are not cut.`);
        return open !== undefined && open.end <= closed
          ? failure(`A unit of partner ${id} is not settled.`)
          : ok(id);
      }),
    );
    return worstOf(findings, ok(`${counted(padded.length, 'partner')} in time.`));
  },
};

/** What is said where the jobs of a scheduler cannot be asked for. */
const noJobs = ({ platform }: Pick<Patient, 'platform'>): Finding =>
  platform === 'local'
    ? notApplicable(
        'The launcher starts the jobs of one machine; other checks see whether they run.',
      )
    : couldNotTell('The location of the jobs is not known.', 'Give --location REGION.');

const jobsScheduled: Check = {
  id: 'jobs_scheduled',
  about: 'Cloud Scheduler has every job, enabled, with the right address, time and identity.',
  why: 'A job that is missing or paused makes no files, and nothing else notices it at once.',
  mend: 'Run `npx keyserver jobs check`, which prints the command that mends each.',
  run: async (patient) => {
    const { jobs } = patient;
    if (jobs === undefined) return noJobs(patient);
    const { configuration, now } = await examined(patient);
    const queries = configuration.queries
      .filter((query) => isInForce(query, now))
      .map(({ id }) => id);
    const { prefix, urls } = jobs;
    const deployment = { urls, prefix, queries };
    const missing = missingServices(deployment);
    if (missing.length > 0)
      return couldNotTell(`The address of ${missing.join(', ')} is not known.`, GIVE_URL);
    const present = await jobs.list();
    const stray = jobsWithoutQuery(deployment, present).map((name) =>
      warning(
        `${name} is of a federation query that is not in force.`,
        'Remove its query from the jobs, such as federation_queries of terraform.',
      ),
    );
    const findings = checkJobs(deployment, present).map(({ job, differences }) => {
      const [first] = differences;
      return first === undefined
        ? ok(job.name)
        : failure(
            `${job.name}: ${first.aspect}: wanted ${first.wanted}, found ${first.found}.`,
            `Run: ${jobs.command}`,
          );
    });
    return worstOf(
      [...findings, ...stray],
      ok(`${counted(findings.length, 'job')} as they must be.`),
    );
  },
};

const jobsSucceed: Check = {
  id: 'jobs_succeed',
  about: 'The last try of every job in Cloud Scheduler succeeded.',
  why: 'A job that is tried and fails does as little as one that is not there.',
  mend: 'Look at the log of the service for job.failed, and at the identity of the job.',
  run: async ({ jobs, platform }) => {
    if (jobs === undefined) return noJobs({ platform });
    const own = (await jobs.list()).filter(({ name }) => name.startsWith(jobs.prefix));
    if (own.length === 0) return notApplicable('There is no job.');
    const findings = own.map(({ name, lastAttempt }): Finding => {
      if (lastAttempt === undefined) return warning(`${name} was never tried.`);
      return lastAttempt.status === 'OK'
        ? ok(name)
        : failure(
            `${name} was last tried at ${timeText(lastAttempt.time)}: ${lastAttempt.status}.`,
          );
    });
    return worstOf(findings, ok(`${counted(own.length, 'job')} succeeded.`));
  },
};

/** What must go on by itself, until the server is at rest. What is fetched stops as soon as it is closing. */
export const workChecks: readonly Check[] = [
  unlessLife(standsStill, backlog),
  unlessLife(standsStill, totalsFolded),
  unlessLife((state) => state !== 'open', federationLag),
  unlessLife(standsStill, partnerUnits),
  unlessLife(standsStill, jobsScheduled),
  unlessLife(standsStill, jobsSucceed),
];
