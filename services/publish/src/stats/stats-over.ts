import type { DocumentStore } from '@keyserver/docstore';
import { type FindAuthority, statsTokenVerifier } from '@keyserver/health-authority';
import type { Logger } from '@keyserver/log';
import { TOTALS_RETENTION_DAYS, readTotals } from '@keyserver/stores';
import { DAY } from '@keyserver/time';
import type { PublishConfig } from '../config.ts';
import type { StatsRouteDeps } from './stats-route.ts';
import { statsRulesOf } from './stats-settings.ts';

/** The statistics over a store, which say in the log when their settings let them give none. */
export function statsOver(
  store: DocumentStore,
  config: PublishConfig,
  { authorities, log }: { readonly authorities: FindAuthority; readonly log: Logger },
): StatsRouteDeps['stats'] {
  const rules = statsRulesOf(config);
  if (rules.kind === 'off') log.event('stats.off', { settings: rules.settings });
  const retention = rules.kind === 'on' ? rules.retention : TOTALS_RETENTION_DAYS.default * DAY;
  return {
    verifyToken: statsTokenVerifier(authorities, config.STATS_AUDIENCE),
    readTotals: readTotals(store, { retention }),
    rules,
    padding: { min: config.STATS_PADDING_MIN_BYTES, range: config.STATS_PADDING_RANGE_BYTES },
  };
}
