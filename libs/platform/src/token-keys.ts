import { type PlatformValues, endpointOf, revisionTokenKey } from '@keyserver/config';
import type { KeyWrapper } from '@keyserver/revision-token';
import type { Beside } from './beside.ts';

/** What wraps the data keys of revision tokens. */
export interface TokenKeys {
  readonly wrapper: KeyWrapper;
}

/** The settings that name the wrapping key, as `revisionTokenVariables` declares them. */
interface TokenKeySettings extends PlatformValues {
  readonly REVISION_TOKEN_KEY: string;
  readonly KMS_ENDPOINT: string;
}

/** The wrapping key of revision tokens: a file on one machine, a key of Cloud KMS on Google Cloud. Opening it throws a ConfigFault when it is not named. */
export const tokenKeys = (config: TokenKeySettings): Beside<TokenKeys> => ({
  onMachine: async ({ wrapperFor }) =>
    await Promise.resolve({ wrapper: wrapperFor(revisionTokenKey(config)) }),
  onCloud: async (_cloud, { random, timers }) => {
    const keyName = revisionTokenKey(config);
    const { openKms } = await import('@keyserver/cloud-kms');
    const kms = await openKms({ endpoint: endpointOf(config.KMS_ENDPOINT), random, timers });
    return { used: { wrapper: kms.wrapperFor(keyName) }, close: kms.close };
  },
});
