import type { HealthAuthority } from '@keyserver/health-authority';
import type { AuthorityKeys } from '@keyserver/stores';
import { HOUR, unixMillis } from '@keyserver/time';
import { keySetHealth } from './health.ts';

const NOON = Date.UTC(2026, 0, 15, 12);
const hoursAgo = (hours: number) => unixMillis(NOON - hours * HOUR);
const authority: HealthAuthority = {
  ...{ id: 1, issuer: 'i', audience: 'a', name: 'n', keys: [], stats: true },
  jwks: 'https://i.example/jwks.json',
};
type KeySet = NonNullable<AuthorityKeys['keySet']>;
const aKeySet = (than: Partial<KeySet>): KeySet => ({
  ...{ issuer: 'i', revision: 1, since: hoursAgo(9), answeredAt: undefined, failures: 0 },
  ...{ notBefore: unixMillis(0), problem: undefined, keys: [], revoked: [] },
  ...than,
});
const asked = async (keySet: KeySet | undefined, startedHoursAgo = 24, than = authority) => {
  await keySetHealth({
    readAuthorityKeys: async () =>
      await Promise.resolve({ authorities: [{ authority: than, keySet }] }),
    now: async () => await Promise.resolve(unixMillis(NOON)),
    startedAt: hoursAgo(startedHoursAgo),
    staleAfter: HOUR,
  })();
};
const failing = { failures: 3, problem: 'unreachable' as const };

describe('health of the keys of authorities', () => {
  it.each([
    ['has answered lately', aKeySet({ answeredAt: hoursAgo(1) }), 24],
    ['has failed for less than an hour', aKeySet({ answeredAt: hoursAgo(1), ...failing }), 24],
    ['was configured lately and fails', aKeySet({ since: hoursAgo(1), ...failing }), 24],
    ['was not asked while this machine was off', aKeySet({ answeredAt: hoursAgo(9) }), 1],
    ['was never asked, as this service has just begun', undefined, 1],
  ])('is well where one %s', async (_what, keySet, started) => {
    await expect(asked(keySet, started)).resolves.toBeUndefined();
  });

  it('does not ask of one that serves no keys', async () => {
    const { jwks: _, ...silent } = authority;
    await expect(asked(undefined, 24, silent)).resolves.toBeUndefined();
  });

  it.each([
    ['has not answered', aKeySet({ answeredAt: hoursAgo(2) }), 24, 'is the job'],
    [
      'fails, also after a restart',
      aKeySet({ answeredAt: hoursAgo(2), ...failing }),
      0,
      'nobody answers',
    ],
    [
      'never answered',
      aKeySet({ since: hoursAgo(2), ...failing }),
      0,
      'never since they are configured',
    ],
    [
      'fails, and answered in time to come',
      aKeySet({ answeredAt: hoursAgo(-400), ...failing }),
      2,
      'nobody answers',
    ],
    ['was never asked', undefined, 2, 'is the job refresh-authority-keys scheduled'],
  ])('tells of one that %s for an hour', async (_what, keySet, started, sentence) => {
    const told = asked(keySet, started);
    await expect(told).rejects.toMatchObject({ code: 'authority_keys_stale' });
    await expect(told).rejects.toThrow(sentence);
  });
});
