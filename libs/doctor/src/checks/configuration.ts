import {
  type AdviceName,
  type ExaminedConfiguration,
  examineConfiguration,
} from '@keyserver/configuration';
import type { DocumentStore } from '@keyserver/docstore';
import { DAY, type UnixMillis } from '@keyserver/time';
import {
  type Check,
  type Finding,
  counted,
  failure,
  forRealPhones,
  ok,
  warning,
  worstOf,
} from '../check.ts';
import { unlessLife } from '../unless-life.ts';
import type { Patient } from '../patient.ts';

/** A configuration, its store, and the store time at which it was examined. */
interface ExaminedNow extends ExaminedConfiguration {
  readonly store: DocumentStore;
  readonly now: UnixMillis;
}

/** The configuration, held against all rules at store time. */
export async function examined({ open }: Patient): Promise<ExaminedNow> {
  const { store } = await open();
  const now = await store.now();
  return { store, now, ...(await examineConfiguration(store, now)) };
}

const valid: Check = {
  id: 'configuration_valid',
  about: 'The stored configuration keeps every rule, and all that it refers to is there.',
  why: 'What was changed by hand or is damaged stops uploads or files where it is first needed.',
  mend: 'Write it to a file with `npx keyserver config show`, correct that, and apply it.',
  run: async (patient) => {
    const { problems, configuration } = await examined(patient);
    const { exports, apps } = configuration;
    if (problems.length > 0)
      return failure(
        `${counted(problems.length, 'problem')}: ${problems
          .slice(0, 3)
          .map(({ path, message }) => `${path} ${message}`)
          .join('; ')}.`,
      );
    return exports.length === 0 || apps.length === 0
      ? failure(
          `There are ${counted(apps.length, 'app')} and ${counted(exports.length, 'export')}: nothing can be published.`,
        )
      : ok(
          `${counted(apps.length, 'app')} and ${counted(exports.length, 'export')} are configured.`,
        );
  },
};

/** A check of what the configuration is advised against, by the names of the advice. */
const advised = (
  check: Omit<Check, 'run'> & {
    readonly names: Readonly<Partial<Record<AdviceName, 'warning' | 'failure'>>>;
    readonly fine: string;
  },
): Check => {
  const { names, fine, ...rest } = check;
  return {
    ...rest,
    run: async (patient) => {
      const { advice } = await examined(patient);
      const findings = advice.flatMap(({ name, message }): readonly Finding[] => {
        const status = names[name];
        return status === undefined ? [] : [{ status, found: message }];
      });
      return worstOf(findings, ok(fine));
    },
  };
};

/** Phones keep and match the last 14 days: Exposure Notification Cryptography Specification v1.2, TEK schedule. */
const PHONE_MEMORY = 14 * DAY;

const fileRetention: Check = {
  id: 'file_retention',
  about: 'Files stay listed for as long as phones can match them.',
  why: 'A phone that was off misses files that are unlisted before it has come back.',
  mend: 'Set EXPORT_RETENTION_HOURS to 336 or more in every service.',
  run: async ({ settings }) => {
    await Promise.resolve();
    const days = Math.floor(settings.exportRetention / DAY);
    return settings.exportRetention >= PHONE_MEMORY
      ? ok(`Files stay listed for ${days} days.`)
      : warning(`Files stay listed for ${days} days, and phones match the last 14.`);
  },
};

const settingsValid: Check = {
  id: 'settings_valid',
  about: 'The environment has only values that the services take.',
  why: 'A service does not start with a setting that is out of its bounds.',
  mend: 'Correct them; docs/configuration.md has every bound.',
  run: async ({ settings: { refused } }) => {
    await Promise.resolve();
    return worstOf(
      refused.map((each) => failure(each)),
      ok('No setting of this environment is refused.'),
    );
  },
};

const profile: Check = {
  id: 'profile',
  about: 'The store is one for real people.',
  why: 'The development profile has windows of seconds, which show when somebody uploaded.',
  mend: 'Begin with an empty DATA_DIR and PROFILE=production; a store keeps its profile.',
  run: async ({ settings }) => {
    await Promise.resolve();
    return settings.profile === 'production'
      ? ok('This is a production store.')
      : warning('The store is of the development profile, for trying things out.');
  },
};

const debugSettings: Check = {
  id: 'debug_settings',
  about: 'No setting is on that is for trying things out, or that turns phones away.',
  why: 'Such a setting weakens protection or service, and is easily forgotten.',
  mend: 'Remove the setting and restart the service.',
  run: async ({ settings: { unfit } }) => {
    await Promise.resolve();
    return worstOf(
      unfit.map((each) => warning(each)),
      ok('No such setting is on.'),
    );
  },
};

/** What operators have configured and set. */
export const configurationChecks: readonly Check[] = [
  unlessLife((state) => state === 'emptying' || state === 'ended', valid),
  settingsValid,
  profile,
  debugSettings,
  advised({
    id: 'apps_exported',
    about: 'The keys of every app go into an export.',
    why: 'Keys that are in no file warn nobody.',
    mend: 'Let an export take the regions of the app, and exclude none of them.',
    names: { app_in_no_export: 'failure' },
    fine: 'The keys of every app go into an export.',
  }),
  advised({
    id: 'apps_can_upload',
    about: 'Every app has an authority whose certificates it may use.',
    why: 'An app without one has every upload refused.',
    mend: 'Name its authorities in the configuration.',
    names: { app_without_authority: 'failure' },
    fine: 'Every app can upload.',
  }),
  advised({
    id: 'apps_certified',
    about: 'No app uploads without a certificate, or revises without a token.',
    why: 'Without them anybody can report anything, and take back what others reported.',
    mend: 'Set bypassCertificate and bypassRevisionToken to false.',
    names: { app_without_certificate: 'failure', app_without_revision_token: 'failure' },
    fine: 'Every app needs certificates and revision tokens.',
  }),
  advised({
    id: 'file_sizes',
    about: 'A full file is one that phones can take.',
    why: 'Phones give up on files that are too large, and match none of their keys.',
    mend: 'Choose a smaller maxRecords.',
    names: { files_too_large: 'failure' },
    fine: 'Full files are within what both makers recommend.',
  }),
  fileRetention,
  forRealPhones(
    advised({
      id: 'generated_keys',
      about: 'Padding costs phones no more than it must.',
      why: 'Every phone downloads and matches generated keys too.',
      mend: 'Choose a longer period, a smaller minRecords, or fewer exports that overlap.',
      names: { many_generated_keys: 'warning' },
      fine: 'Padding stays within its usual cost.',
    }),
  ),
  forRealPhones(
    advised({
      id: 'padding',
      about: 'Files and units are padded so that one person hides among many keys.',
      why: 'A small file may show that a single person was reported.',
      mend: 'Set minRecords to 100 or more, and paddingRange above 0.',
      names: { little_padding: 'warning', constant_padding: 'warning' },
      fine: 'Files and units are padded.',
    }),
  ),
  advised({
    id: 'fresh_partners',
    about: 'No partner sees real keys alone that are padded for others.',
    why: 'Such a partner tells generated keys from real ones, and counts people.',
    mend: 'Set the mode of the partner to padded.',
    names: { fresh_partner: 'warning' },
    fine: 'No partner is given real keys alone.',
  }),
  advised({
    id: 'signing_keys_in_force',
    about: 'Every export has a signing key now and for the next four weeks.',
    why: 'Without a key in force no file is made, and phones take weeks to learn a new one.',
    mend: 'Follow docs/runbooks/rotate-a-signing-key.md.',
    names: { no_signing_key: 'failure', signing_gap: 'warning', signing_key_ends_soon: 'warning' },
    fine: 'Every export has a signing key in force.',
  }),
  advised({
    id: 'authority_keys_in_force',
    about: 'Every authority that an app uses has a key now and for the next four weeks.',
    why: 'Without one all its certificates are refused.',
    mend: 'Add the new key of the authority to the configuration before the old one ends.',
    names: {
      no_authority_key: 'failure',
      authority_key_gap: 'warning',
      authority_key_ends_soon: 'warning',
    },
    fine: 'Every authority has a key in force.',
  }),
];
