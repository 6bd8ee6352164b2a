import { inputRegionsOf } from '@keyserver/export-file';
import type { AuthorizedApp } from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';
import type { Advice, AdviceName } from './advice.ts';
import type { Configuration } from './configuration.ts';
import { isOver } from './spans.ts';
import { formatTime } from './time-text.ts';

type Export = Configuration['exports'][number];

/** Applications whose keys nobody would ever read, that nobody can use, or that anybody can. */
export const adviseOnApps = (
  { apps, exports }: Configuration,
  now: UnixMillis,
): readonly Advice[] => apps.flatMap((app) => [...readers(app, exports, now), ...writers(app)]);

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
    advice(
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
  if (app.bypassCertificate)
    return [
      advice(
        'app_without_certificate',
        app,
        `App ${app.id} takes uploads without a certificate: anybody can report anything.`,
      ),
    ];
  if (app.authorities.length > 0) return [];
  return [
    advice(
      'app_without_authority',
      app,
      `App ${app.id} has no authority whose certificates it may use: every upload is refused.`,
    ),
  ];
}

const advice = (name: AdviceName, { id }: AuthorizedApp, message: string): Advice => ({
  name,
  section: 'apps',
  id,
  message,
});
