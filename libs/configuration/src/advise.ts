import {
  PHONE_FILES_A_DAY,
  PHONE_FILE_BYTES,
  PHONE_FILE_RECORDS,
  USUAL_KEY_BYTES,
  inputRegionsOf,
} from '@keyserver/export-file';
import type { AuthorizedApp } from '@keyserver/health-authority';
import type { PaddingCost } from '@keyserver/padding';
import { DAY, type UnixMillis } from '@keyserver/time';
import { type Advice, type AdviceName, type ChangeAdvice, adviceOnPadding } from './advice.ts';
import { adviseOnAccess } from './advise-access.ts';
import {
  adviseOnAuthorityKeys,
  adviseOnLastKeys,
  adviseOnNewKeys,
  adviseOnSigningKeys,
} from './advise-keys.ts';
import { type ChangeTime, adviseOnGrants, adviseOnPartners } from './advise-partners.ts';
import { costsOf } from './change-rules.ts';
import { type WholeConfiguration, isOver } from './configuration.ts';
import { formatTime } from './grammar.ts';

/** What a careful operator would want to know about a configuration at this time. */
export const adviseOn = (configuration: WholeConfiguration, now: UnixMillis): readonly Advice[] => [
  ...adviseOnApps(configuration, now),
  ...adviseOnExports(configuration, now),
  ...adviseOnSigningKeys(configuration, now),
  ...adviseOnAuthorityKeys(configuration, now),
  ...adviseOnPartners(configuration, now),
];

/**
 * What a careful operator would want to know before one configuration replaces another. Both are judged at the same time.
 * What comes from time alone, such as a key that has ended, is no consequence of the change: it is marked as standing.
 */
export function adviseOnChange(
  before: WholeConfiguration,
  after: WholeConfiguration,
  time: ChangeTime,
): readonly ChangeAdvice[] {
  const { now } = time;
  const known = new Set(adviseOn(before, now).map(identityOf));
  return [
    ...adviseOn(after, now),
    ...adviseOnNewKeys(before, after, now),
    ...adviseOnLastKeys(before, after, now),
    ...adviseOnAccess(before, after),
    ...adviseOnGrants(before, after, time),
  ].map((advice) => ({
    ...advice,
    standing: known.has(identityOf(advice)),
  }));
}

/** The sentence counts too: agreeing to one figure is not agreeing to a worse one. */
const identityOf = ({ name, section, id, message }: Advice): string =>
  JSON.stringify([name, section, id, message]);

type Export = WholeConfiguration['exports'][number];

/** Applications whose keys no export publishes, that cannot upload at all, or that anybody can upload through. */
const adviseOnApps = ({ apps, exports }: WholeConfiguration, now: UnixMillis): readonly Advice[] =>
  apps.flatMap((app) => [...readers(app, exports, now), ...writers(app)]);

function readers(
  app: AuthorizedApp,
  exports: readonly Export[],
  now: UnixMillis,
): readonly Advice[] {
  const takers = exports.filter((config) => takes(config, app) && !isOver(config, now));
  if (takers.some(({ from }) => from <= now)) return [];
  const until = takers.map(({ from }) => from).sort((a, b) => a - b)[0];
  const regions = `of app ${app.id} (regions ${app.regions.join(', ')})`;
  return [
    adviceOnApp(
      'app_in_no_export',
      app,
      until === undefined
        ? `No export takes the keys ${regions}: phones never see them.`
        : `No export takes the keys ${regions} before ${formatTime(until)}: what is uploaded until then is in no file.`,
    ),
  ];
}

/** Whether an export takes a key that somebody who did not travel uploads: it carries all regions of its app. */
const takes = (config: Export, { regions }: AuthorizedApp): boolean =>
  regions.some((region) => inputRegionsOf(config).includes(region)) &&
  !regions.some((region) => config.excludeRegions.includes(region));

function writers(app: AuthorizedApp): readonly Advice[] {
  const { id, authorities, bypassCertificate, bypassRevisionToken } = app;
  const found: (readonly [AdviceName, string])[] = [];
  if (bypassCertificate)
    found.push([
      'app_without_certificate',
      `App ${id} takes uploads without a certificate: anybody can report anything.`,
    ]);
  else if (authorities.length === 0)
    found.push([
      'app_without_authority',
      `App ${id} has no authority whose certificates it may use: every upload is refused.`,
    ]);
  if (bypassRevisionToken)
    found.push([
      'app_without_revision_token',
      `App ${id} revises keys without their revision token: whoever downloads a key can take it back.`,
    ]);
  return found.map(([name, message]) => adviceOnApp(name, app, message));
}

const adviceOnApp = (name: AdviceName, { id }: AuthorizedApp, message: string): Advice => ({
  name,
  section: 'apps',
  id,
  message,
});

/** Exports whose files phones do not keep up with, cannot take, or may tell too much from. */
function adviseOnExports(configuration: WholeConfiguration, now: UnixMillis): readonly Advice[] {
  const costs = costsOf(configuration, now);
  return configuration.exports
    .filter((config) => !isOver(config, now))
    .flatMap((config) => [
      ...tooMany(config),
      ...tooLarge(config),
      ...tooRevealing(config),
      ...tooCostly(config, costs),
    ]);
}

/** More generated keys a day than this, and phones download more of them than they ever match. */
const MANY_GENERATED = 50_000;

const tooCostly = (config: Export, costs: readonly PaddingCost[]): readonly Advice[] =>
  costs
    .filter(
      (cost) => 'export' in cost && cost.export === config.id && cost.keysPerDay > MANY_GENERATED,
    )
    .map(({ keysPerDay, cellsPerBatch }) =>
      adviceOnExport(
        'many_generated_keys',
        config,
        `Export ${config.id} may hold up to ${keysPerDay} generated keys a day (${cellsPerBatch} cells a batch), which every phone downloads: choose a longer period, a smaller minRecords, or fewer exports and partners that overlap.`,
      ),
    );

/** Files that an export makes in a day when every batch has keys, and no more than padding lifts it to. */
export const filesADay = ({ period, minRecords, paddingRange, maxRecords }: Export): number =>
  (DAY / period) * Math.max(1, Math.ceil((minRecords + paddingRange) / maxRecords));

function tooMany(config: Export): readonly Advice[] {
  const { id } = config;
  const files = filesADay(config);
  const found: Advice[] = [];
  if (files > PHONE_FILES_A_DAY.ios)
    found.push(
      adviceOnExport(
        'too_many_files',
        config,
        `Export ${id} makes up to ${files} files a day; a phone takes ${PHONE_FILES_A_DAY.ios} (iOS) or ${PHONE_FILES_A_DAY.android} (Android) and falls behind: choose a longer period or a larger maxRecords.`,
      ),
    );
  return found;
}

function tooLarge(config: Export): readonly Advice[] {
  const { id, maxRecords } = config;
  const bytes = maxRecords * USUAL_KEY_BYTES;
  if (maxRecords <= PHONE_FILE_RECORDS && bytes <= PHONE_FILE_BYTES) return [];
  return [
    adviceOnExport(
      'files_too_large',
      config,
      `A full file of export ${id} has ${maxRecords} keys in about ${megabytes(bytes)} MB; phones should not be given more than ${PHONE_FILE_RECORDS} keys or ${megabytes(PHONE_FILE_BYTES)} MB: choose a smaller maxRecords.`,
    ),
  ];
}

const megabytes = (bytes: number): number => Math.round(bytes / 1_000_000);

function tooRevealing(config: Export): readonly Advice[] {
  const name = adviceOnPadding(config);
  return name === undefined ? [] : [adviceOnExport(name, config, REVEALING[name](config))];
}

const REVEALING = {
  little_padding: ({ id, minRecords }: Export) =>
    minRecords === 0
      ? `Export ${id} has no padding at all (minRecords 0): its files hold what was uploaded and nothing else, so anybody can count the people and point at their keys.`
      : `Export ${id} pads its files to no more than ${minRecords} keys (minRecords): a file may show that a single person was reported.`,
  constant_padding: ({ id, minRecords }: Export) =>
    `Export ${id} pads its files to exactly ${minRecords} keys (paddingRange 0): whoever counts knows which files are padded.`,
} as const;

const adviceOnExport = (name: AdviceName, { id }: Export, message: string): Advice => ({
  name,
  section: 'exports',
  id,
  message,
});
