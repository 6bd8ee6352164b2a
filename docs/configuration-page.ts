import { type SettingDescription, describeSettings } from '@keyserver/config';
import { cleanupSettings } from '@keyserver/cleanup/settings';
import { federationPullSettings } from '@keyserver/federation-pull/settings';
import { exportSettings } from '@keyserver/export/settings';
import { federationServeSettings } from '@keyserver/federation-serve/settings';
import { publishSettings } from '@keyserver/publish/settings';
import { trustSettings } from '@keyserver/trust/settings';
import { cdnSettings, launcherSettings } from '@keyserver/launcher';

/** Every program that reads variables, in the order of the page. */
export const PROGRAMS = [
  { name: 'launcher', about: 'What `npm start` reads itself.', settings: launcherSettings },
  { name: 'publish', about: 'Takes uploads.', settings: publishSettings },
  { name: 'export', about: 'Writes the signed files.', settings: exportSettings },
  {
    name: 'cleanup',
    about: 'Folds counts into totals, and deletes what is past retention.',
    settings: cleanupSettings,
  },
  { name: 'trust', about: 'Keeps the keys of revision tokens.', settings: trustSettings },
  {
    name: 'federation-serve',
    about: 'Gives partners the keys that they may have.',
    settings: federationServeSettings,
  },
  {
    name: 'federation-pull',
    about: 'Fetches keys from other servers.',
    settings: federationPullSettings,
  },
  { name: 'cdn', about: 'Serves the files on one machine.', settings: cdnSettings },
] as const;

const HEAD = `# Environment variables

Generated from the declarations in the code by \`npm run generate:docs\`; a test fails when this page is out of date.
Programs: ${PROGRAMS.map(({ name }) => `[${name}](#${name})`).join(' · ')}.

- A variable that is absent or empty has its default. One without a default must be given.
- A program that is given a bad value does not start, unless the meaning of the variable says what happens instead. It names every bad variable, and
  never a value.
- \`npm start\` passes its whole environment on to the services, so \`PADDING_MIN_BYTES=2048 npm start\` reaches publish. It
  sets ports, addresses and the \`OIDC_*\` and \`CALLER_EMAILS\` variables of the services itself. Its profile \`development\`
  gives other defaults to some variables, see [\`settings.ts\`](../tools/launcher/src/settings.ts).
- On Google Cloud (\`PLATFORM=gcp\`) \`GCP_PROJECT\` and \`KEY_HASH_SECRET\` must be given, publish and trust need \`REVISION_TOKEN_KEY\`, \`TRUNCATE_WINDOW_SECONDS\` is at
  least 60, and a container that others are to reach needs \`HOST=0.0.0.0\`.
- What an operator decides about authorities, apps, exports, signing keys and federation queries is in the
  [configuration file](configuration-file.md) instead.

${PROGRAMS.map(({ name }) => `[${name}](#${name})`).join(' · ')}
`;

const HEADING = ['variable', 'default', 'what it may be', 'meaning'];

/** The page that lists every environment variable of every program. */
export const configurationPage = (): string =>
  [HEAD, ...PROGRAMS.map(({ name, about, settings }) => section(name, about, settings))].join('\n');

function section(
  name: string,
  about: string,
  settings: Parameters<typeof describeSettings>[0],
): string {
  const rows = describeSettings(settings).map(cellsOf);
  return `## ${name}\n\n${about}\n\n${table([HEADING, ...rows])}`;
}

const cellsOf = (setting: SettingDescription): readonly string[] => [
  `\`${setting.name}\``,
  defaultOf(setting.default),
  setting.allowed,
  setting.about,
];

function defaultOf(value: string | undefined): string {
  if (value === undefined) return 'none';
  return value === '' ? 'empty' : `\`${value}\``;
}

/** Columns as wide as their widest cell, which is how the formatter of this repository writes them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADING.map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |\n`;
  const [heading = [], ...rest] = rows;
  return [heading, widths.map((width) => '-'.repeat(width)), ...rest].map(line).join('');
}
