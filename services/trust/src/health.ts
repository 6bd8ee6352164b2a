import { KEY_SET_PROBLEMS } from '@keyserver/health-authority';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import type { AuthorityKeys } from '@keyserver/stores';
import { SECOND, type UnixMillis } from '@keyserver/time';

/** What health asks of the keys of authorities. */
export interface KeySetHealthDeps {
  readonly readAuthorityKeys: () => Promise<{ readonly authorities: readonly AuthorityKeys[] }>;
  /** Store time. */
  readonly now: () => Promise<UnixMillis>;
  /** When this service began, in store time. */
  readonly startedAt: UnixMillis;
  /** How old the last good answer of an authority may be, ms. */
  readonly staleAfter: number;
}

/** Tells of authorities whose keys could not be learned for longer than they should be. */
export const keySetHealth =
  (deps: KeySetHealthDeps): HealthProbe =>
  async () => {
    const [now, { authorities }] = await Promise.all([deps.now(), deps.readAuthorityKeys()]);
    const stale = authorities.filter((one) => ageOf(one, now, deps.startedAt) > deps.staleAfter);
    if (stale.length > 0)
      throw new HealthFault(
        'authority_keys_stale',
        stale.map((one) => sentence(one, now)).join('; '),
      );
  };

/**
 * How long ago an authority last answered, or was first asked. Where no attempt has failed it counts from the start of this service
 * at the earliest: nobody may have called the job while the machine was off.
 */
function ageOf(
  { authority, keySet }: AuthorityKeys,
  now: UnixMillis,
  startedAt: UnixMillis,
): number {
  if (authority.jwks === undefined) return 0;
  // A time that has not come was told by a wrong clock, and says nothing of how old the answer is.
  const noted = keySet?.answeredAt ?? keySet?.since ?? startedAt;
  const known = noted > now ? startedAt : noted;
  const isFailing = keySet !== undefined && keySet.failures > 0;
  return now - (isFailing ? known : Math.max(known, startedAt));
}

function sentence({ authority, keySet }: AuthorityKeys, now: UnixMillis): string {
  const { problem, answeredAt } = keySet ?? {};
  const since =
    answeredAt === undefined
      ? 'never since they are configured'
      : answeredAt > now
        ? 'last at a time that has not come'
        : `for ${Math.round((now - answeredAt) / SECOND)} s not`;
  const why =
    problem === undefined
      ? 'is the job refresh-authority-keys scheduled, and does it succeed?'
      : KEY_SET_PROBLEMS[problem];
  return `the keys of authority ${authority.id} were learned ${since}: ${why}`;
}
