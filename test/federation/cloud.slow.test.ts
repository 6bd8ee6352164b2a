import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  COUNTRIES,
  type FederatedWorld,
  type PlatformName,
  isRight,
  openFederatedWorld,
  playFederation,
} from '@keyserver/demo';
import { systemRandom } from '@keyserver/random';
import { type MetadataStandIn, startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { systemTimers, unixMillis } from '@keyserver/time';

const START = unixMillis(Date.parse('2024-05-20T08:00:00Z'));
const ACCOUNT = 'federation@keyserver.localhost';
const [HOME, NEIGHBOUR] = COUNTRIES;

let directory = '';
let world: FederatedWorld | undefined;
let metadata: MetadataStandIn;
const environment = process.env;

/** The token of the server that fetches from the one with this audience: there are two, and neither asks itself. */
const mint = async (audience: string): Promise<string> => {
  const asked = audience.includes(HOME.id) ? NEIGHBOUR : HOME;
  const server = world?.servers.find(({ country }) => country.id === asked.id);
  if (server === undefined) throw new Error(`nobody asks ${audience}`);
  return await server.issuer.mint({ audience, email: ACCOUNT });
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyserver-federated-cloud-'));
  metadata = await startMetadataStandIn(mint);
  process.env = {
    CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs the tests
    METADATA_SERVER_DETECTION: 'assume-present',
    GCE_METADATA_HOST: metadata.address,
  };
});
afterEach(async () => {
  process.env = environment;
  await world?.close();
  world = undefined;
  await metadata.close();
  rmSync(directory, { recursive: true });
});

/** Each kind of server gives keys in each mode; the other two pairs are for long runs. */
const ROUNDS: readonly (readonly [string, PlatformName, PlatformName, 'fresh' | 'padded'])[] = [
  ['two servers on Google Cloud, padded', 'gcp-stand-ins', 'gcp-stand-ins', 'padded'],
  ['one machine and a server on Google Cloud, fresh', 'local', 'gcp-stand-ins', 'fresh'],
];
const MORE: typeof ROUNDS = [
  ['two servers on Google Cloud, fresh', 'gcp-stand-ins', 'gcp-stand-ins', 'fresh'],
  ['one machine and a server on Google Cloud, padded', 'local', 'gcp-stand-ins', 'padded'],
];

it.each(process.env['SOAK'] === '1' ? [...ROUNDS, ...MORE] : ROUNDS)(
  'have what each may have of the other, once, and revisions follow: %s',
  async (_which, home, neighbour, mode) => {
    world = await openFederatedWorld({
      ...{ dataDirectory: directory, start: START, timers: systemTimers, random: systemRandom },
      ...{ minRecords: 20, mode, countries: COUNTRIES },
      platformOf: ({ id }) => (id === HOME.id ? home : neighbour),
    });
    const told: string[] = [];
    const found = await playFederation(world, (line) => told.push(line));
    expect(told.filter((line) => line.includes('could not fetch'))).toEqual([]);
    expect(found.filter((one) => !isRight(one))).toEqual([]);
    expect(found).toHaveLength(8);
    expect(new Set(metadata.asked).size).toBe(home === 'local' ? 1 : 2);
  },
);
