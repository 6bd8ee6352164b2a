import type { Random } from '@keyserver/random';
import { FIRST_EXPORT, configureFirstStart } from './first-configuration.ts';
import type { LauncherPlatform } from './launcher-platform.ts';
import { profileOf } from './profiles.ts';
import { LaunchFault, type LauncherConfig } from './settings.ts';

const AUTHORITY_KEY = 'dev';

type Keys = Pick<
  LauncherPlatform,
  'store' | 'createSigningKey' | 'signingKeyOf' | 'createAuthorityKey' | 'authorityKeyOf'
>;

/**
 * Configures an empty store of the development profile, and gives the public key of its export; undefined when the
 * configuration is another. Its keys are made before it is stored and never after: phones, and the uploads that are
 * certified already, know the ones that were made first.
 */
export async function firstStart(
  platform: Keys,
  of: { readonly profile: LauncherConfig['PROFILE']; readonly random: Random },
): Promise<string | undefined> {
  // An authority whose private key lies beside the server is for trying things out only.
  if (of.profile !== 'development') return undefined;
  const state = await configureFirstStart(platform.store, {
    profile: profileOf(of.profile),
    random: of.random,
    makeKeys: async () => {
      await platform.createSigningKey(FIRST_EXPORT.signingKey);
      return await platform.createAuthorityKey(AUTHORITY_KEY);
    },
  });
  return state === 'foreign' ? undefined : await presentKey(platform);
}

async function presentKey(platform: Keys): Promise<string> {
  const { signingKey } = FIRST_EXPORT;
  if ((await platform.authorityKeyOf(AUTHORITY_KEY)) === undefined)
    throw new LaunchFault(gone(`keys/authority/${AUTHORITY_KEY}.pem`));
  const exportKey = await platform.signingKeyOf(signingKey);
  if (exportKey === undefined) throw new LaunchFault(gone(`keys/signing/${signingKey}.pem`));
  return exportKey;
}

const gone = (file: string): string =>
  `${file} is gone, and the store is configured with its public half; nothing was made anew: put it back from a copy, as docs/runbooks/missing-part.md says, or delete the data directory if it was for trying things out.`;
