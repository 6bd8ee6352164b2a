import { REPORT_TYPE_CODE, unpackRecords } from '@keyserver/exposure-keys';
import { readKeyBatches } from '@keyserver/stores';
import { DAY, HOUR, unixMillis } from '@keyserver/time';
import { downloadSeries } from '../client.ts';
import { runJobs } from '../jobs.ts';
import type { Country } from './configuration.ts';
import { type Published, publishAt, takeBack } from './people.ts';
import type { FederatedServer, FederatedWorld } from './world.ts';

/** Who has the keys of some person. */
export interface Found {
  readonly person: Published;
  /** Ids of countries whose servers have stored all of the keys, each once. */
  readonly stored: readonly string[];
  /** Ids of countries whose files list all of the keys. */
  readonly inFiles: readonly string[];
  /** Ids of countries whose files take all of the keys back. */
  readonly takenBack: readonly string[];
}

/** Whether a country fetches from another. */
type Fetches = (to: Country, from: Country) => boolean;
const always: Fetches = () => true;

/** Hours after which a key has gone from one server to the other, and into its files. */
const HOURS = 6;

/** Plays exchange between two servers: uploads to both, fetching both ways, revisions, files of both. */
export async function playFederation(
  world: FederatedWorld,
  tell: (line: string) => void,
  fetches: Fetches = always,
): Promise<readonly Found[]> {
  const { servers } = world;
  for (const server of servers) await runJobs(server); // the first one makes what uploads need
  const published: Published[] = [];
  for (const server of servers) {
    const other = servers.find((one) => one !== server) ?? server;
    published.push(...(await publishAt(server, other.country)));
  }
  tell(`${published.length} people have uploaded to ${servers.length} servers`);
  await passHours(world, HOURS, tell, fetches);
  await takeBack(published);
  tell('some have taken their keys back');
  await passHours(world, HOURS, tell, fetches);
  return await whoHas(servers, published);
}

/** Each server, and the other one. */
const pairs = (
  servers: readonly FederatedServer[],
): readonly (readonly [FederatedServer, FederatedServer])[] =>
  servers.flatMap((server) =>
    servers.filter((other) => other !== server).map((other) => [server, other] as const),
  );

/** Lets hours pass; in each one every server runs its jobs and fetches from the others. */
export async function passHours(
  { clock, servers }: FederatedWorld,
  hours: number,
  tell: (line: string) => void,
  fetches: Fetches = always,
): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    clock.advance(HOUR);
    for (const server of servers) await runJobs(server);
    for (const [server, other] of pairs(servers)) {
      if (!fetches(server.country, other.country)) continue;
      const { status, body } = await server.pull(other.country);
      if (status !== 200)
        tell(`${server.country.id} could not fetch from ${other.country.id}: ${body}`);
    }
  }
}

/** Looks into the stores and the files of all servers. */
async function whoHas(
  servers: readonly FederatedServer[],
  published: readonly Published[],
): Promise<readonly Found[]> {
  const looks = await Promise.all(servers.map(lookAt));
  return published.map((person) => {
    const keys = person.keys.map(({ key }) => key);
    const where = (counts: (look: Look) => ReadonlyMap<string, number>): readonly string[] =>
      looks
        .filter((look) => keys.every((key) => counts(look).get(key) === 1))
        .map(({ country }) => country);
    return {
      person,
      stored: where(({ stored }) => stored),
      inFiles: where(({ listed }) => listed),
      takenBack: where(({ revoked }) => revoked),
    };
  });
}

/** How often a server has each key, in base64: in its store, in its files, and among what its files take back. */
interface Look {
  readonly country: string;
  readonly stored: ReadonlyMap<string, number>;
  readonly listed: ReadonlyMap<string, number>;
  readonly revoked: ReadonlyMap<string, number>;
}

async function lookAt(server: FederatedServer): Promise<Look> {
  const series = await downloadSeries(server, { id: 'v1', region: server.country.region });
  const archives = series.archives.filter(({ faults }) => faults.length === 0);
  const listed = archives.flatMap(({ keys }) => keys.map(({ data }) => base64(data)));
  const revoked = archives.flatMap(({ revised }) =>
    [...revised].filter(([, type]) => type === REPORT_TYPE_CODE.negative).map(([key]) => key),
  );
  return {
    country: server.country.id,
    stored: counted(await storedKeys(server)),
    ...{ listed: counted(listed), revoked: counted(revoked) },
  };
}

async function storedKeys({ store, clock }: FederatedServer): Promise<readonly string[]> {
  const keys: string[] = [];
  const span = { from: unixMillis(clock.now() - 14 * DAY), until: unixMillis(clock.now() + DAY) };
  for await (const page of readKeyBatches(store, { retention: 14 * DAY })(span))
    for (const { kind, records } of page)
      if (kind === 'primary') keys.push(...unpackRecords(records).map(({ data }) => base64(data)));
  return keys;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function counted(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
