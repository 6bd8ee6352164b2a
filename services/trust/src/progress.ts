import { configuredId } from '@keyserver/log';
import type { WrappedDataKey } from '@keyserver/revision-token';
import type { AuthorityKeys } from '@keyserver/stores';
import type { ReadProgress } from '@keyserver/service';
import { unixMillis } from '@keyserver/time';

/** What it takes to tell how old data keys and the keys of authorities are. */
interface TrustProgressDeps {
  /** Newest first. */
  readonly readKeys: () => Promise<readonly WrappedDataKey[]>;
  readonly readAuthorityKeys: () => Promise<{ readonly authorities: readonly AuthorityKeys[] }>;
}

/** Tells when the newest data key was made, and when each authority last gave its keys; 0 where that never was. */
export const trustProgress = (deps: TrustProgressDeps): readonly ReadProgress[] => [
  async (tell) => {
    const [newest] = await deps.readKeys();
    const at = newest?.createdAt ?? unixMillis(0);
    tell('keyserver_data_key_created_timestamp_seconds', {}, at);
  },
  async (tell) => {
    const { authorities } = await deps.readAuthorityKeys();
    for (const { authority, keySet } of authorities)
      if (authority.jwks !== undefined)
        tell(
          'keyserver_authority_answered_timestamp_seconds',
          { authority: configuredId(authority) },
          keySet?.answeredAt ?? unixMillis(0),
        );
  },
];
