import type { JobIssuer } from './job-issuer.ts';
import { FIRST_EXPORT } from './first-start.ts';
import { urlsOf } from './services.ts';
import type { LauncherConfig } from './settings.ts';

/** What the summary of a running suite is made from. */
export interface Launched {
  readonly config: LauncherConfig;
  readonly dataDirectory: string;
  readonly issuer: Pick<JobIssuer, 'issuer'>;
  /** Public key of the first export as PEM; undefined when the configuration is the operator's own. */
  readonly exportKey: string | undefined;
  /** Services that do not answer yet. */
  readonly late: readonly string[];
}

/** What runs where, and what to try next. */
export function summary(launched: Launched): string {
  const urls = urlsOf(launched.config);
  const rows = [
    ['publish', `${urls.publish}/v1/publish`, 'takes uploads'],
    ['export', urls.export, 'makes signed files, started by jobs only'],
    ['cleanup', urls.cleanup, 'deletes what is past retention, started by jobs only'],
    ['trust', urls.trust, 'keeps keys of tokens and authorities, started by jobs only'],
    ['serve', withoutScheme(urls['federation-serve']), 'gives partners keys, by gRPC'],
    ['pull', urls['federation-pull'], 'fetches keys of partners, started by jobs only'],
    ['files', urls.cdn, 'serves the files'],
    ['issuer', launched.issuer.issuer, 'vouches for the jobs, and for this server to partners'],
    ['data', launched.dataDirectory, 'everything that is kept; logs are in logs/'],
  ];
  return [
    '',
    ...rows.map(
      ([name = '', where = '', what = '']) => `  ${name.padEnd(9)}${where.padEnd(42)}${what}`,
    ),
    '',
    ...(launched.config.PROFILE === 'development' ? SHORT_PLANS : []),
    ...(launched.exportKey === undefined
      ? OWN_CONFIGURATION
      : nextSteps(launched, launched.exportKey)),
    ...launched.late.map(
      (name) => `The service ${name} does not answer yet; the launcher keeps trying.`,
    ),
    'Ctrl-C stops everything.',
  ].join('\n');
}

const withoutScheme = (url: string): string => new URL(url).host;

/** In production everybody waits for midnight, since files of one day must all be cut and padded by the same plan. */
const SHORT_PLANS = [
  'A plan lasts a minute here, and a day in production: a change of exports holds from the next minute on.',
  '',
];

const OWN_CONFIGURATION = [
  'The stored configuration is used as it is. To see or change it:',
  '  npx keyserver config show',
  '  npx keyserver config apply FILE',
  '',
];

function nextSteps({ config, dataDirectory }: Launched, exportKey: string): readonly string[] {
  const urls = urlsOf(config);
  const files = `${urls.cdn}/${FIRST_EXPORT.bucket}/${FIRST_EXPORT.root}`;
  const publish = `npx keyserver publish --url ${urls.publish} --keys 14 --data-dir ${dataDirectory}`;
  const wait = config.PROFILE === 'development' ? 'half a minute' : 'for the next export';
  return [
    `  index     ${files}/index.txt`,
    `  keys      ${files}/keys.json`,
    '',
    'Files are signed with the key of',
    exportKey.trimEnd(),
    '',
    'Try next:',
    `  ${publish}`,
    `  (wait ${wait})`,
    `  npx keyserver export verify ${files}/index.txt`,
    '',
  ];
}

/** Said before anything starts, so that nobody takes this profile for the real one. */
export const DEVELOPMENT_WARNING = [
  '!!! DEVELOPMENT PROFILE: windows of seconds and little padding. Uploads can be told apart by time.',
  '!!! Never let real people use it. For the real windows: PROFILE=production npm start',
].join('\n');
