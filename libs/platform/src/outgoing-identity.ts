import { type Beside, nothingHeld } from './beside.ts';

/** Identity tokens by which others know this server. */
export interface OutgoingIdentity {
  /** A token that is valid for a while yet, for the one who knows itself by this audience. */
  readonly idTokenFor: (audience: string) => Promise<string>;
}

/** Who calls from one machine: an account of that machine's own issuer. */
interface LocalAccount {
  /** The URL under which others reach the issuer, without a slash at its end. */
  readonly issuer: string;
  readonly email: string;
}

/**
 * Identity tokens of the account that the service runs as on Google Cloud. On one machine they are of an account that its
 * issuer is told, and signed with the key in the data directory, which is read for each token and never made.
 */
export const outgoingIdentity = ({
  issuer: url,
  email,
}: LocalAccount): Beside<OutgoingIdentity> => ({
  onMachine: async ({ issuerTokens }) => {
    const mint = issuerTokens(url);
    return await Promise.resolve({
      idTokenFor: async (audience) => await mint({ audience, email }),
    });
  },
  onCloud: async ({ project: projectId }, { clock, timers }) => {
    const { outgoingTokens } = await import('@keyserver/cloud-identity');
    const idTokenFor = outgoingTokens({ projectId, clock, timers });
    return { used: { idTokenFor }, close: nothingHeld };
  },
});
