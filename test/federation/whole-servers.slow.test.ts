import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COUNTRIES,
  type Country,
  type FederatedServer,
  type FederatedWorld,
  isRight,
  openFederatedWorld,
  passHours,
  playFederation,
} from '@keyserver/demo';
import { keyHex, unpackRecords } from '@keyserver/exposure-keys';
import { systemRandom } from '@keyserver/random';
import { readKeyBatches } from '@keyserver/stores';
import { DAY, systemTimers, unixMillis } from '@keyserver/time';

const START = unixMillis(Date.parse('2024-05-20T08:00:00Z'));
const THREE: readonly Country[] = [
  ...COUNTRIES,
  { id: 'third', region: 'XC', app: 'org.example.third' },
];

let directory = '';
let world: FederatedWorld;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-federated-'));
});
afterEach(async () => {
  await world.close();
  rmSync(directory, { recursive: true });
});

const opened = async (
  of: Partial<Parameters<typeof openFederatedWorld>[0]>,
): Promise<FederatedWorld> =>
  await openFederatedWorld({
    ...{ dataDirectory: directory, start: START, timers: systemTimers, random: systemRandom },
    ...{ minRecords: 20, mode: 'fresh', countries: COUNTRIES },
    ...of,
  });

const silent = (): void => undefined;

it.each(['fresh', 'padded'] as const)(
  'two servers have what each may have of the other, once, and revisions follow: %s',
  async (mode) => {
    world = await opened({ mode });
    const found = await playFederation(world, silent);
    expect(found.filter((one) => !isRight(one))).toEqual([]);
    expect(found).toHaveLength(8);
  },
);

it('three servers in a loop pass keys on until each has them once, and then come to rest', async () => {
  // Each fetches from the one before it.
  const before = (to: Country, from: Country): boolean =>
    THREE[(THREE.indexOf(to) + 2) % 3] === from;
  world = await opened({ countries: THREE, passesOn: true, fetches: before });
  await playFederation(world, silent, before);
  const [first, second, third] = await Promise.all(world.servers.map(keysIn));
  expect(second).toEqual(first);
  expect(third).toEqual(first);
  expect(first!.size).toBeGreaterThan(0);
  expect([...first!.values()].filter((times) => times !== 1)).toEqual([]);
  await passHours(world, 4, silent, before);
  expect(await Promise.all(world.servers.map(keysIn))).toEqual([first, second, third]);
});

/** How often a server has each key that is not its own padding, of regions that are passed on. */
async function keysIn({ store, clock }: FederatedServer): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  const now = clock.now();
  const span = { from: unixMillis(now - 13 * DAY), until: unixMillis(now + DAY) };
  for await (const page of readKeyBatches(store, { retention: 14 * DAY })(span))
    for (const { kind, origin, regions, records } of page) {
      if (kind !== 'primary' || origin === 'padding' || regions.includes('XT')) continue;
      for (const { data } of unpackRecords(records)) {
        const hex = keyHex(data);
        times.set(hex, (times.get(hex) ?? 0) + 1);
      }
    }
  return new Map([...times].sort(([a], [b]) => (a < b ? -1 : 1)));
}
