import { HOUR, SECOND } from '@keyserver/time';
import type { LauncherConfig } from './settings.ts';

type ProfileName = LauncherConfig['PROFILE'];

/** What differs between trying things out and running for real. */
export interface Profile {
  readonly name: ProfileName;
  /** Variables that the services get, unless the environment already says otherwise. */
  readonly variables: Readonly<Record<string, string>>;
  /** Export period in milliseconds, and the padding floor, of the configuration made on the first start. */
  readonly firstExport: {
    readonly period: number;
    readonly minRecords: number;
    readonly paddingRange: number;
  };
}

const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  development: {
    name: 'development',
    variables: {
      TRUNCATE_WINDOW_SECONDS: '10',
      MIN_WINDOW_AGE_SECONDS: '0',
      CONFIG_CACHE_SECONDS: '2',
      LEASE_SECONDS: '10',
      EXPORT_LATE_SECONDS: '120',
    },
    firstExport: { period: 20 * SECOND, minRecords: 20, paddingRange: 10 },
  },
  production: {
    name: 'production',
    variables: {},
    firstExport: { period: 4 * HOUR, minRecords: 1000, paddingRange: 100 },
  },
};

/** The profile of a name. */
export const profileOf = (name: ProfileName): Profile => PROFILES[name];
