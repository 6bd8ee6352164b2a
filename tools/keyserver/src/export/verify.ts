import { verifyExport } from '@keyserver/export-file';
import { KEY_AGE_HOURS } from '@keyserver/exposure-keys';
import { HOUR, SECOND, type Timers, type UnixMillis } from '@keyserver/time';
import type { Command } from 'commander';
import { CommandFault, FOUND } from '../command-fault.ts';
import { httpUrl, region, wholeNumber } from '../options.ts';
import { counted, jsonText, timeText } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import {
  type CheckedFile,
  renderCheckedFiles,
  stale,
  unavailable,
  checkedFilesJson,
} from './checked-files.ts';
import {
  type ArchiveSource,
  type FindKeys,
  archivesAt,
  keysAt,
  keysOfPemFiles,
} from './sources.ts';

interface VerifyOptions {
  readonly key?: readonly string[];
  readonly keysUrl?: URL;
  readonly region?: string;
  readonly maxKeyAgeHours: number;
  readonly newest?: number;
  readonly maxFileAgeHours?: number;
  readonly json?: true;
}

/** `export verify`: checks archives, or all that an index lists, by every rule that phones go by. */
export function addExportVerify(group: Command, context: CommandContext): void {
  group
    .command('verify')
    .description(
      'Check archives as phones do, and more strictly. An address that ends in index.txt stands for every archive it lists; the keys are those in keys.json beside it, unless you choose others.',
    )
    .argument('<file-or-url...>', 'archives (.zip), or an index (index.txt)')
    .option(
      '--key <pem-file>',
      'public key to look for among the signatures; may be repeated',
      collect,
    )
    .option('--keys-url <url>', 'a published document of verification keys', httpUrl)
    .option('--region <region>', 'the region that every archive must be for', region)
    .option(
      '--max-key-age-hours <hours>',
      'for how long after its end the server takes a key (its MAX_KEY_AGE_HOURS)',
      wholeNumber(KEY_AGE_HOURS),
      KEY_AGE_HOURS.default,
    )
    .option(
      '--newest <files>',
      'of an index only so many of its last archives',
      wholeNumber({ min: 1, max: 10_000 }),
    )
    .option(
      '--max-file-age-hours <hours>',
      'how long ago the newest archive of an index may have ended',
      wholeNumber({ min: 1, max: 720 }),
    )
    .option('--json', 'print JSON instead of a table')
    .addHelpText('after', EXAMPLES)
    .action(async (places: readonly string[], options: VerifyOptions) => {
      report(await verifyAll(places, options, context), options, context);
    });
}

const EXAMPLES = `
The exit code is 1 when an archive breaks a rule and 2 when the check could not be made.

Examples:
  $ keyserver export verify http://127.0.0.1:8082/exports/v1/index.txt
  $ keyserver export verify 1700000000-1700014400-00001.zip --key export-key.pem --region US`;

const collect = (path: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  path,
];

async function verifyAll(
  places: readonly string[],
  options: VerifyOptions,
  context: CommandContext,
): Promise<readonly CheckedFile[]> {
  const chosen = await chosenKeys(options, context.timers);
  const checked: CheckedFile[] = [];
  for (const place of places) {
    const sources = await archivesAt(place, chosen, context.timers);
    const files: CheckedFile[] = [];
    for (const source of sources.slice(-(options.newest ?? sources.length)))
      files.push(await checkFile(source, options, context));
    checked.push(...files, ...tooOld(place, files, { ...options, now: context.clock.now() }));
  }
  return checked;
}

/** A line about the place itself when the newest of its files ended too long ago, or when it has none. */
function tooOld(
  place: string,
  files: readonly CheckedFile[],
  { maxFileAgeHours, now }: Pick<VerifyOptions, 'maxFileAgeHours'> & { readonly now: UnixMillis },
): readonly CheckedFile[] {
  if (maxFileAgeHours === undefined) return [];
  const ends = files.map(({ verification }) => (verification?.contents?.end ?? 0) * SECOND);
  const newest = Math.max(0, ...ends);
  if (newest >= now - maxFileAgeHours * HOUR) return [];
  const age = counted(maxFileAgeHours, 'hour');
  const explanation =
    newest === 0
      ? `no file can be read, and one that ended in the last ${age} was asked for`
      : `the newest file ended at ${timeText(newest / SECOND)}, which is more than ${age} ago`;
  return [stale(place, explanation)];
}

async function chosenKeys(
  { key, keysUrl }: VerifyOptions,
  timers: Timers,
): Promise<FindKeys | undefined> {
  if (key !== undefined && keysUrl !== undefined)
    throw new CommandFault('give --key or --keys-url, not both');
  if (key !== undefined) return await keysOfPemFiles(key);
  return keysUrl === undefined ? undefined : keysAt(keysUrl.href, timers);
}

async function checkFile(
  source: ArchiveSource,
  options: VerifyOptions,
  context: CommandContext,
): Promise<CheckedFile> {
  const archive = await loadOrExplain(source);
  if (typeof archive === 'string') return unavailable(source.name, archive);
  const verification = await verifyExport(archive, {
    keys: await source.keys(),
    now: context.clock.now(),
    region: options.region,
    maxKeyAgeHours: options.maxKeyAgeHours,
  });
  return { file: source.name, violations: verification.violations, verification };
}

async function loadOrExplain(source: ArchiveSource): Promise<Uint8Array | string> {
  try {
    return await source.load();
  } catch (error) {
    if (source.listed && error instanceof CommandFault) return error.message;
    throw error;
  }
}

function report(
  checked: readonly CheckedFile[],
  { json }: VerifyOptions,
  { terminal }: CommandContext,
): void {
  const bad = checked.filter(({ violations }) => violations.length > 0).length;
  terminal.out(json === true ? jsonText(checkedFilesJson(checked)) : renderCheckedFiles(checked));
  if (bad > 0)
    throw new CommandFault(`${bad} of ${counted(checked.length, 'file')} must not be used`, FOUND);
}
