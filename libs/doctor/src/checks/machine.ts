import { SECOND } from '@keyserver/time';
import {
  type Check,
  asSentence,
  counted,
  couldNotTell,
  failure,
  notApplicable,
  ok,
  warning,
  worstOf,
} from '../check.ts';

/** Services write nothing when their clock is so far from store time. */
const MOST_SKEW = 30 * SECOND;
/** A machine that is looked after is nearer. */
const USUAL_SKEW = 5 * SECOND;

const skewFinding = (of: string, ms: number) => {
  const seconds = Math.round(Math.abs(ms) / SECOND);
  const sentence = `${of} is ${seconds} s ${ms > 0 ? 'ahead' : 'behind'}`;
  if (Math.abs(ms) > MOST_SKEW) return failure(`${sentence}.`);
  return Math.abs(ms) > USUAL_SKEW ? warning(`${sentence}.`) : ok(`${of} agrees.`);
};

const clockSkew: Check = {
  id: 'clock_skew',
  about: 'The clock of this machine agrees with the time of the store.',
  why: 'Windows and embargoes go by time: services whose clock is 30 s off write nothing.',
  mend: 'Set the clock by NTP; then `npx keyserver store time show` says whether anything is left to do.',
  run: async ({ open, clock }) => {
    const { store, clockDoubt } = await open();
    const doubt = await clockDoubt?.();
    if (doubt !== undefined) return failure(asSentence(doubt));
    const before = clock.now();
    const time = await store.now();
    // Half of the way there and back is taken off.
    return skewFinding('The clock of this machine', (before + clock.now()) / 2 - time);
  },
};

/** A service that does not answer shows no clock. */
const noAnswer = (): undefined => undefined;

const servicesClock: Check = {
  id: 'services_clock',
  about: 'The clocks of the services and of the file server agree with the one here.',
  why: 'A service on a machine whose clock is wrong refuses good uploads, or stops.',
  mend: 'Set the clock of that machine by NTP.',
  run: async ({ addresses, network, clock }) => {
    const { services } = addresses;
    if (services.size === 0) return couldNotTell('No address of a service is known.', GIVE_URL);
    const findings = await Promise.all(
      [...services].map(async ([name, url]) => {
        const answer = await network.fetch(new URL('/health', url).href, 65_536).catch(noAnswer);
        const shown = Date.parse(answer?.header('date') ?? '');
        if (Number.isNaN(shown))
          return couldNotTell(`${name} shows no clock.`, 'Let it answer first.');
        const ahead = shown - clock.now();
        // The header has whole seconds.
        return skewFinding(`The clock of ${name}`, ahead < 0 ? Math.min(0, ahead + SECOND) : ahead);
      }),
    );
    return worstOf(findings, ok(`The clocks of ${counted(services.size, 'service')} agree.`));
  },
};

/** What to do when an address is not known. */
export const GIVE_URL = 'Give --service-url SERVICE=URL.';

const nodeVersion: Check = {
  id: 'node_version',
  about: 'This machine runs Node.js 24 or later.',
  why: 'The database and the clients of Google Cloud need it.',
  mend: 'Start everything by npm, which brings Node 24, or install it.',
  run: async ({ machine }) => {
    await Promise.resolve();
    if (machine === undefined) return notApplicable('The images bring their own Node.js.');
    const { nodeVersion: version } = machine;
    return Number.parseInt(version, 10) >= 24
      ? ok(`Node.js ${version}.`)
      : failure(`This is Node.js ${version}.`);
  },
};

/** A disk of which less is free is full within days, or soon, as nobody knows how fast it fills. */
const LEAST_FREE_SHARE = 0.05;

const diskSpace: Check = {
  id: 'disk_space',
  about: 'The disk of the data directory has room.',
  why: 'On a full disk no upload is taken and no file is written.',
  mend: 'Remove what is not needed, or move DATA_DIR to a larger disk while everything is stopped.',
  run: async ({ machine }) => {
    if (machine === undefined) return notApplicable('Google Cloud has no disk of ours.');
    const { bytes, freeBytes, isFull } = await machine.disk();
    const free = `${Math.floor(freeBytes / 1_000_000)} MB of ${Math.floor(bytes / 1_000_000)} MB are free`;
    if (isFull) return failure(`The disk has no room left: ${free}.`);
    return freeBytes < bytes * LEAST_FREE_SHARE
      ? warning(`The disk is nearly full: ${free}.`)
      : ok(`${free}.`);
  },
};

const keyFiles: Check = {
  id: 'key_files_private',
  about: 'Nobody but their owner may read the files with keys and secrets.',
  why: 'Whoever reads a signing key can publish in the name of this server.',
  mend: 'Run chmod 600 on each of them and chmod 700 on its directory; exchange what others may have read.',
  run: async ({ machine }) => {
    if (machine === undefined) return notApplicable('The keys are in Cloud KMS.');
    const exposed = await machine.exposedFiles();
    return exposed.length === 0
      ? ok('Files with keys are readable by their owner only.')
      : failure(`Others may read ${exposed.slice(0, 5).join(', ')}.`);
  },
};

/** The machine and its clock. */
export const machineChecks: readonly Check[] = [
  clockSkew,
  servicesClock,
  nodeVersion,
  diskSpace,
  keyFiles,
];
