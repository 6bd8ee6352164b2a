import { type RevisableKey, type UploadToken, earliestEnd, keyHex } from '@keyserver/exposure-keys';
import { type Logger, faultTrail } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { type KeyRing, openToken, parseToken, sealToken } from '@keyserver/revision-token';
import type { UnixMillis } from '@keyserver/time';

/** Opens the tokens that phones send, and gives them new ones. */
export interface RevisionTokens {
  /** What a phone sent as its token. Rejects when there is no data key at all: then nothing could be given back either. */
  open(sent: string): Promise<UploadToken>;
  /**
   * The token that a phone keeps from now on: the keys of its present one that may still be published, in their order, then
   * the others. Undefined when there are none, or when no key can be had to seal it with, which is reported.
   */
  renew(
    opened: UploadToken,
    added: readonly RevisableKey[],
    now: UnixMillis,
  ): Promise<string | undefined>;
}

/** What tokens are made with. */
export interface RevisionTokenDeps {
  readonly ring: KeyRing;
  /** What all tokens of this server are bound to. */
  readonly bound: Uint8Array;
  readonly random: Random;
  readonly log: Logger;
  /** How long after its end a key may be revised, ms. */
  readonly maxKeyAge: number;
}

/** Revision tokens under the data keys of a ring. */
export function revisionTokens(deps: RevisionTokenDeps): RevisionTokens {
  const { ring, bound, random, log } = deps;
  return {
    open: async (sent) => {
      await ring.newest();
      const token = parseToken(sent);
      if (token.kind !== 'sealed') return token.kind;
      const dataKey = await ring.find(token.keyId);
      return (dataKey && openToken(token.data, { key: dataKey.key, bound })) ?? 'unreadable';
    },
    renew: async (opened, added, now) => {
      const earliest = earliestEnd(now, deps.maxKeyAge);
      const kept = typeof opened === 'string' ? [] : opened;
      const keys = joined(
        kept.filter((key) => key.start + key.period >= earliest),
        added,
      );
      if (keys.length === 0) return undefined;
      try {
        return sealToken(keys, { dataKey: await ring.newest(), bound, random });
      } catch (fault) {
        // The keys are stored. A refusal now would make the phone send them again for nothing.
        log.event('publish.no_token', { causes: faultTrail(fault) });
        return undefined;
      }
    },
  };
}

/** The keys of a token, each once, and those that are added. Keys that are added together differ. */
function joined(
  kept: readonly RevisableKey[],
  added: readonly RevisableKey[],
): readonly RevisableKey[] {
  if (kept.length === 0) return added;
  const keys = new Map<string, RevisableKey>();
  for (const key of kept) keys.set(keyHex(key.data), key);
  for (const key of added) if (!keys.has(keyHex(key.data))) keys.set(keyHex(key.data), key);
  return [...keys.values()];
}
