import {
  type Configuration,
  DEVELOPMENT_NAMES,
  applyConfiguration,
  planChanges,
} from '@keyserver/configuration';
import type { DocumentStore } from '@keyserver/docstore';
import type { Random } from '@keyserver/random';
import { signingKeys } from '@keyserver/stores';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import type { LauncherPlatform } from './launcher-platform.ts';
import { LaunchFault, type LauncherConfig, type Profile, profileOf } from './settings.ts';

const AUTHORITY_KEY = 'dev';

type Keys = Pick<
  LauncherPlatform,
  'store' | 'createSigningKey' | 'signingKeyOf' | 'createAuthorityKey' | 'authorityKeyOf'
>;

/**
 * Gives an empty store of the development profile its first configuration. The result is the public key of its export, or
 * undefined when the store has another configuration. The keys are made before the configuration is stored and never
 * afterwards, since phones and certificates rely on the first ones.
 */
export async function firstStart(
  platform: Keys,
  options: { readonly profile: LauncherConfig['PROFILE']; readonly random: Random },
): Promise<string | undefined> {
  // An authority whose private key lies beside the server is for trying things out only.
  if (options.profile !== 'development') return undefined;
  const state = await configureFirstStart(platform.store, {
    profile: profileOf(options.profile),
    random: options.random,
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

/** Where the files of the first export lie, below the address of the file server. */
export const FIRST_EXPORT = { bucket: 'exports', root: 'v1', signingKey: 'dev-export-1' } as const;

const REGION = 'ZZ';
const NOTHING: Configuration = {
  authorities: [],
  apps: [],
  signingKeys: [],
  exports: [],
  queries: [],
};

/**
 * Gives an empty store an authority, an application, a signing key and an export, for trying things out. A store that is
 * configured in any way is left alone. It is `foreign` when the first export is not part of its configuration.
 */
export async function configureFirstStart(
  store: DocumentStore,
  options: {
    readonly profile: Profile;
    /** Makes the private keys that the configuration names; gives the authority's public key as PEM. */
    readonly makeKeys: () => Promise<string>;
    readonly random: Random;
  },
): Promise<'configured' | 'present' | 'foreign'> {
  const present = await planChanges(store, NOTHING);
  if (present.kind !== 'planned' || present.changes.length > 0)
    return await firstExportState(store);
  const from = floorTo(unixMillis((await store.now()) - DAY), DAY);
  // Only now, so that no key is made for a store that is configured already.
  const authorityKey = await options.makeKeys();
  const first = firstConfiguration({ profile: options.profile, authorityKey }, from);
  const outcome = await applyConfiguration(store, first, {
    actor: 'launcher',
    random: options.random,
    basis: present.basis, // of two launchers that start at once, the second finds the work done
  });
  if (outcome.kind === 'refused') throw new Error('the first configuration is refused');
  return outcome.kind === 'applied' ? 'configured' : await firstExportState(store);
}

async function firstExportState(store: DocumentStore): Promise<'present' | 'foreign'> {
  const [key] = await store.get(signingKeys, ['dev']);
  return key?.signingKey === FIRST_EXPORT.signingKey ? 'present' : 'foreign';
}

function firstConfiguration(
  { profile, authorityKey }: { readonly profile: Profile; readonly authorityKey: string },
  from: UnixMillis,
): Configuration {
  const { authority, app } = DEVELOPMENT_NAMES;
  const { id, issuer, audience, kid } = authority;
  const keys = [{ version: kid, publicKey: authorityKey, from, thru: undefined }];
  return {
    authorities: [{ id, issuer, audience, name: 'Development authority', keys, stats: true }],
    apps: [
      {
        id: app,
        regions: [REGION],
        authorities: [id],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ],
    signingKeys: [
      {
        id: 'dev',
        signingKey: FIRST_EXPORT.signingKey,
        keyId: '999',
        keyVersion: 'v1',
        from,
        thru: undefined,
      },
    ],
    exports: [
      {
        id: 'dev',
        bucket: FIRST_EXPORT.bucket,
        filenameRoot: FIRST_EXPORT.root,
        outputRegion: REGION,
        inputRegions: [],
        excludeRegions: [],
        includeTravelers: false,
        onlyNonTravelers: false,
        from,
        thru: undefined,
        signingKeys: ['dev'],
        maxRecords: 500_000,
        padEmpty: false,
        ...profile.firstExport,
      },
    ],
    queries: [],
  };
}
