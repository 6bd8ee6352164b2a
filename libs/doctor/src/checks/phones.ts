import { filesADay } from '@keyserver/configuration';
import {
  PHONE_CHECKS_A_DAY,
  PHONE_FILES_A_DAY,
  PHONE_FILE_RECORDS,
  USUAL_KEY_BYTES,
} from '@keyserver/export-file';
import { SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { storedWindows } from '@keyserver/stores';
import { DAY, HOUR, MINUTE, SECOND, type UnixMillis, windowLengthAt } from '@keyserver/time';
import { type Check, type Finding, failure, forRealPhones, ok, warning } from '../check.ts';
import { endOf, listedFiles } from '../listed-files.ts';
import type { Export, OpenPatient, Patient } from '../patient.ts';
import { toldOfEachExport } from './each-export.ts';

type System = keyof typeof PHONE_FILES_A_DAY;

const NAMES: Readonly<Record<System, string>> = { ios: 'iOS', android: 'Android' };

/** What one export gives phones in a day. */
interface Load {
  readonly planned: number;
  /** Files of the last 24 hours. */
  readonly made: number;
  /** Keys of the largest of them, and of all, by their size; those of padding alone while there is none. */
  readonly largest: number;
  readonly keysADay: number;
}

async function loadOf(opened: OpenPatient, config: Export, now: UnixMillis): Promise<Load> {
  const { listed = [], archives } = await listedFiles(opened, config);
  const sizes = listed
    .filter((name) => (endOf(name) ?? 0) > now - DAY)
    .map((name) => Math.round((archives.get(name)?.size ?? 0) / USUAL_KEY_BYTES));
  const planned = filesADay(config);
  const least = Math.min(config.minRecords + config.paddingRange, config.maxRecords);
  return {
    planned,
    made: sizes.length,
    largest: Math.max(least, ...sizes),
    keysADay: sizes.length === 0 ? planned * least : sizes.reduce((sum, size) => sum + size, 0),
  };
}

const rounded = (n: number): string => Math.round(n).toLocaleString('en');

function judgeLoad(system: System, { id }: Export, load: Load, checks: number): Finding {
  const files = Math.max(load.planned, load.made);
  const name = NAMES[system];
  const budget =
    `Export ${id}: up to ${rounded(files)} files a day, about ${rounded(load.keysADay)} keys a day, ${checks} checks a day; ` +
    `an old ${name} takes ${PHONE_FILES_A_DAY[system]} files a day, a newer one any number in ${PHONE_CHECKS_A_DAY[system]} checks`;
  if (files > PHONE_FILES_A_DAY[system])
    return failure(`${budget}: old phones fall behind for ever.`);
  if (load.largest > PHONE_FILE_RECORDS)
    return failure(
      `${budget}; the largest file has about ${rounded(load.largest)} keys, and phones take ${rounded(PHONE_FILE_RECORDS)}.`,
    );
  return checks > PHONE_CHECKS_A_DAY[system]
    ? failure(`${budget}: the checks after those are refused.`, 'Let apps check less often.')
    : ok(`${budget}.`);
}

const budgetOf = (system: System): Check => ({
  id: `matching_budget_${system}`,
  about: `${NAMES[system]} phones can match all files: files a day, keys in them, and checks a day, held against what the makers of phones document.`,
  why: 'A phone that is given more refuses it, and warns its owner days late or never.',
  mend: 'Choose a longer period or a larger maxRecords.',
  run: async (patient) => {
    const { checksADay } = patient.settings;
    return await toldOfEachExport(patient, async (config, opened, now) =>
      judgeLoad(system, config, await loadOf(opened, config, now), checksADay),
    );
  },
});

/**
 * How long a phone may take to look again. iOS starts the check of an app once a day at night, and Android when it sees fit:
 * https://github.com/corona-warn-app/cwa-documentation/issues/432.
 */
const PHONES_LOOK_WITHIN = DAY;

/** A choice of this project: later than that, most of what a warning is good for is over. */
const LATE_WARNING = 2 * DAY;

interface Part {
  readonly name: string;
  readonly ms: number;
}

/** The most that each step takes, from an upload until a phone has seen its keys. */
function delayOf(
  { store }: OpenPatient,
  config: Export,
  { settings, window }: { readonly settings: Patient['settings']; readonly window: number },
): readonly Part[] {
  const [cut, work] = SCHEDULED_JOBS.export;
  return [
    // Whoever uploads as a batch begins waits for its end. A window is never longer than that.
    { name: 'period', ms: Math.max(config.period, window) },
    { name: 'age of window', ms: Math.max(settings.minWindowAge, store.closingDelay) },
    { name: 'jobs', ms: everyOf(cut.schedule) + everyOf(work.schedule) },
    { name: 'work', ms: work.deadlineSeconds * SECOND },
    { name: 'phone', ms: PHONES_LOOK_WITHIN },
  ];
}

/** How far apart the turns of a schedule are that says how many minutes they are. */
function everyOf(schedule: string): number {
  const [, minutes = '1'] = /^\*\/(\d+) /.exec(schedule) ?? [];
  return Number(minutes) * MINUTE;
}

const length = (ms: number): string => {
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  return ms < HOUR ? `${Math.round(ms / MINUTE)} min` : `${Math.round((ms / HOUR) * 10) / 10} h`;
};

const warningDelay: Check = {
  id: 'warning_delay',
  about:
    'How long it takes at the most from a test to a warning, as things are set, and of what that is the sum.',
  why: 'A warning that comes days after a meeting lets the illness go on.',
  mend: 'Choose a shorter period; MIN_WINDOW_AGE_SECONDS may be less where no partner needs the time.',
  run: async (patient) => {
    return await toldOfEachExport(patient, async (config, opened, now) => {
      const window = windowLengthAt(await storedWindows(opened.store), now);
      const parts = [
        ...delayOf(opened, config, { settings: patient.settings, window }),
        { name: 'cache of the index', ms: await indexMaxAge(opened, config) },
      ].filter(({ ms }) => ms > 0);
      const sum = parts.reduce((total, { ms }) => total + ms, 0);
      const terms = parts.map(({ name, ms }) => `${name} ${length(ms)}`).join(' + ');
      const sentence = `Export ${config.id}: at most ${length(sum)} = ${terms}; up to ${length(DAY + window)} more for the key of the day of the upload, which is kept back until it has ended.`;
      return sum > LATE_WARNING ? warning(sentence) : ok(sentence);
    });
  },
};

async function indexMaxAge({ openBucket }: OpenPatient, config: Export): Promise<number> {
  const info = await openBucket(config.bucket).find(`${config.filenameRoot}/index.txt`);
  const [, seconds = '0'] = /max-age=(\d+)/.exec(info?.cacheControl ?? '') ?? [];
  return Number(seconds) * SECOND;
}

/** What phones can cope with, and how soon they are told. */
export const phoneChecks: readonly Check[] = [
  budgetOf('ios'),
  budgetOf('android'),
  warningDelay,
].map(forRealPhones);
