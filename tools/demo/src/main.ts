import { mkdtempSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@keyserver/random';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  floorTo,
  systemClock,
  systemTimers,
  unixMillis,
} from '@keyserver/time';
import { PLATFORMS, type PlatformName } from './servers.ts';
import { renderFiles } from './cells.ts';
import { renderSteps, tally } from './checks.ts';
import { type ProgressReporter, playRound } from './round.ts';
import { openSimulation } from './simulation.ts';
import { COUNTRIES } from './federation/configuration.ts';
import { playFederation } from './federation/play.ts';
import { isRight, renderWhereabouts } from './federation/table.ts';
import { openFederatedWorld } from './federation/world.ts';

const PHONES = 200;
const PATIENCE = 2 * MINUTE;
const MORNING = 8 * HOUR;

const INTRODUCTION: Readonly<Record<PlatformName, string>> = {
  local: `One full round of the key server on this machine, over real HTTP, in simulated time.
`,
  'gcp-stand-ins': `One full round of the key server for Google Cloud, over real HTTP and with Google's own clients, in simulated
time. Firestore, Cloud Storage and Cloud KMS are the stand-ins of the tests, on this machine.
`,
};

const FEDERATION = `Two key servers on this machine, each of one country, fetch keys from each other over gRPC, in simulated time.
`;

const PADDING = `Uploaded keys that are in exactly the same files get generated ones beside them, until there are a thousand and up to
a hundred more. So no subtraction of one file from another leaves a handful of keys. Keys of travelers are in two files
of the same hour, and so are the generated keys beside them.
`;

const NEXT = `Where to go next:
  npm start                  the server on this machine, in real time
  npx keyserver --help       upload as a phone, check files, change the configuration
  tools/demo/src/            what was just played
`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Simulated time as people say it: the day of the round, and the time of day in UTC. */
function timeOf(now: number, start: number): string {
  const day = 1 + Math.floor((now - start) / DAY);
  return `day ${day}, ${new Date(now).toISOString().slice(11, 16)}`;
}

async function demonstrate(dataDirectory: string, platform: PlatformName): Promise<boolean> {
  const day = floorTo(systemClock.now(), DAY);
  const started = performance.now();
  const settings = { platform, dataDirectory, start: unixMillis(day + MORNING), minRecords: 1000 };
  const machine = { timers: systemTimers, random: systemRandom };
  const simulation = await openSimulation({ ...settings, ...machine });
  const live = process.stdout.isTTY;
  const at = (line: string): string => `  ${timeOf(simulation.clock.now(), day)}  ${line}`;
  const progress: ProgressReporter = {
    done: (line) => {
      print(`${live ? '\r\x1B[K' : ''}${at(line)}`);
    },
    update: (line) => {
      if (live) process.stdout.write(`\r\x1B[K${at(line)}`);
    },
  };
  try {
    progress.done('publish, export, a file server and an issuer of job identities run');
    const { steps, series, ledger } = await playRound(simulation, PHONES, progress);
    print(`\n${renderFiles(series, ledger)}\n${PADDING}\n${renderSteps(steps)}`);
    const { made, wrong } = tally(steps);
    const seconds = ((performance.now() - started) / SECOND).toFixed(1);
    print(
      wrong === 0
        ? `All ${made} checks hold. The round took ${seconds} s.\n\n${NEXT}`
        : `${wrong} of ${made} checks do not hold. The round took ${seconds} s.`,
    );
    return wrong === 0;
  } finally {
    await simulation.close();
  }
}

/** Two servers that fetch from each other, and who has which keys in the end. */
async function demonstrateFederation(dataDirectory: string): Promise<boolean> {
  const day = floorTo(systemClock.now(), DAY);
  const started = performance.now();
  const world = await openFederatedWorld({
    ...{ dataDirectory, start: unixMillis(day + MORNING), minRecords: 100, mode: 'padded' },
    ...{ timers: systemTimers, random: systemRandom, countries: COUNTRIES },
  });
  try {
    const found = await playFederation(world, (line) => {
      print(`  ${timeOf(world.clock.now(), day)}  ${line}`);
    });
    const wrong = found.filter((one) => !isRight(one)).length;
    const seconds = ((performance.now() - started) / SECOND).toFixed(1);
    print(`\n${renderWhereabouts(found)}\n`);
    print(
      wrong === 0
        ? `All keys are where they must be, and nowhere else. It took ${seconds} s.\n\n${NEXT}`
        : `${wrong} of ${found.length} are not where they must be. It took ${seconds} s.`,
    );
    return wrong === 0;
  } finally {
    await world.close();
  }
}

function chosen(): { readonly platform: PlatformName; readonly federation: boolean } {
  try {
    const options = {
      platform: { type: 'string', default: 'local' },
      federation: { type: 'boolean', default: false },
    } as const;
    const { federation, ...values } = parseArgs({ options }).values;
    const platform = PLATFORMS.find((name) => name === values.platform);
    if (platform !== undefined && !(federation && platform !== 'local'))
      return { platform, federation };
  } catch {
    // Said below, in one sentence for every wrong argument.
  }
  process.stderr.write(
    `The options are --platform=NAME, one of ${PLATFORMS.join(', ')}, or --federation.\n`,
  );
  process.exit(1);
}

/** The fault and what it came from, in one sentence. */
function sentenceOf(fault: unknown): string {
  if (!(fault instanceof Error)) return 'an unknown fault';
  return fault.cause instanceof Error
    ? `${fault.message}: ${sentenceOf(fault.cause)}`
    : fault.message;
}

const { platform, federation } = chosen();
const directory = mkdtempSync(join(tmpdir(), 'keyserver-demo-'));
const leave = (): void => {
  rmSync(directory, { recursive: true, force: true });
};
const giveUp = (why: string): void => {
  process.stderr.write(`\nThe round broke off: ${why}.\n`);
  leave();
  process.exit(1);
};
process.once('SIGINT', () => {
  giveUp('it was interrupted');
});
process.once('SIGTERM', () => {
  giveUp('it was ended');
});
setTimeout(() => {
  giveUp('it took too long');
}, PATIENCE).unref();

try {
  print(federation ? FEDERATION : INTRODUCTION[platform]);
  const isWell = federation
    ? await demonstrateFederation(directory)
    : await demonstrate(directory, platform);
  process.exitCode = isWell ? 0 : 1;
  leave();
} catch (fault) {
  giveUp(sentenceOf(fault));
}
