import { KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import { rangePlace, revokeKeys } from '@keyserver/operations';
import { rememberedWindows } from '@keyserver/stores';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import type { Crowd } from './people.ts';
import type { SimulatedServer } from './server.ts';
import { FLOOR, configure } from './world.ts';

/** Files are signed with the other key from the next midnight on. */
export async function exchangeSigningKeys(server: SimulatedServer): Promise<void> {
  await configure(server, (before) => ({
    ...before!,
    exports: before!.exports.map((one) => ({
      ...one,
      signingKeys: one.signingKeys.includes('first') ? ['second'] : ['first'],
    })),
  }));
}

/** Files get more or fewer generated keys from the next midnight on. */
export async function moveFloor(server: SimulatedServer): Promise<void> {
  const minRecords = FLOOR + server.random.below(FLOOR);
  await configure(server, (before) => ({
    ...before!,
    exports: before!.exports.map((one) => ({ ...one, minRecords })),
  }));
}

const RETENTION = 14 * DAY;
const RECALLED = 2 * DAY;

/**
 * Takes back what the country's application has published lately, as an operator does when certificates were issued by mistake.
 * Keys that are in files must be taken back by it; those that nobody has counted yet may be.
 *
 * @param listed - the keys that the files of the server listed before
 */
export async function recall(
  server: SimulatedServer,
  crowd: Crowd,
  listed: ReadonlySet<string>,
): Promise<void> {
  const { platform, country, trueClock, random } = server;
  const now = trueClock.now();
  const place = await rangePlace(platform.store);
  if (place === undefined) throw new Error('the store does not say its windows');
  const [from, until] = [unixMillis(now - RECALLED), unixMillis(now + 2 * DAY)];
  const range = { from, until, app: country.app };
  const theirs = crowd.people.filter(
    ({ home, isTest, storedAt }) => home === country && !isTest && (storedAt ?? now) >= from - DAY,
  );
  for (const person of theirs) person.isRecalled = true;
  await revokeKeys(place, range, {
    settings: {
      ...{ retention: RETENTION, maxKeyAge: KEY_RULE_CHOICES.MAX_KEY_AGE_HOURS.default * HOUR },
      ...{ clock: trueClock, windows: rememberedWindows() },
    },
    by: { actor: 'simulation', random, onProgress: () => undefined },
  });
  const certainly = theirs.filter(
    ({ storedAt, takenBackAt }) =>
      storedAt !== undefined && storedAt > from + 2 * HOUR && takenBackAt === undefined,
  );
  for (const { key } of certainly.flatMap(({ keys }) => keys).filter(({ key }) => listed.has(key)))
    crowd.recalled.set(key, now);
}
