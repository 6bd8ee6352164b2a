import type { Country } from '@keyserver/demo';
import type { FederationFetchResponse } from '@keyserver/federation/testing';
import { fetchClient } from '@keyserver/federation-serve/testing';
import { DAY, HOUR, INTERVAL } from '@keyserver/time';
import type { Problem } from './invariants.ts';
import type { Crowd, Person } from './people.ts';
import type { SimulatedServer } from './server.ts';
import { PARTNER_ACCOUNT } from './world.ts';

/** What a partner was given that asked a server for all that it may have. */
export interface Given {
  readonly now: number;
  /** Base64. */
  readonly keys: readonly string[];
  /** When the last of their intervals ends, ms. */
  readonly latestEnd: number;
  /** How a call was answered whose token was made out to somebody else; undefined when it was given keys. */
  readonly refusal: number | undefined;
  /** How a call of the partner was refused; undefined when none was. */
  readonly fault: string | undefined;
}

type State = FederationFetchResponse['nextFetchState'];

/** Where a partner would go on that has read the first page and no more. */
export async function readFirstPage(server: SimulatedServer, by: SimulatedServer): Promise<State> {
  const client = fetchClient(server.address);
  try {
    const outcome = await client.call({}, { token: await tokenOf(by, server) });
    return 'answer' in outcome ? outcome.answer.nextFetchState : undefined;
  } finally {
    client.close();
  }
}

/** Asks for everything, from a place where a partner once was. */
export async function takeAll(
  server: SimulatedServer,
  by: SimulatedServer,
  from: State,
): Promise<Given> {
  const client = fetchClient(server.address);
  const token = await tokenOf(by, server);
  const [keys, ends]: [string[], number[]] = [[], []];
  let [state, fault]: [State, string | undefined] = [from, undefined];
  try {
    const wrong = await client.call({}, { token: await tokenOf(by, by) });
    for (let more = true; more;) {
      const outcome = await client.call(state ? { state } : {}, { token });
      if ('code' in outcome) {
        fault = `${outcome.code} ${outcome.details}`;
        break;
      }
      for (const key of [...outcome.answer.keys, ...outcome.answer.revisedKeys]) {
        keys.push(Buffer.from(key.exposureKey ?? []).toString('base64'));
        ends.push(((key.intervalNumber ?? 0) + (key.intervalCount ?? 0)) * INTERVAL);
      }
      more = outcome.answer.partialResponse === true;
      state = outcome.answer.nextFetchState;
    }
    const refusal = 'code' in wrong ? wrong.code : undefined;
    const now = server.trueClock.now();
    return { now, keys, latestEnd: Math.max(0, ...ends), refusal, fault };
  } finally {
    client.close();
  }
}

const tokenOf = async (by: SimulatedServer, server: SimulatedServer): Promise<string> => {
  const audience = `https://${server.country.id}.example/federation`;
  return `Bearer ${await by.issuer.mint({ audience, email: PARTNER_ACCOUNT })}`;
};

/** A window of keys may be read for two weeks; the window is an hour, and that of the last key of a person a day later. */
const LONGEST = 14 * DAY + 3 * HOUR;
const UNAUTHENTICATED = 16; // https://grpc.github.io/grpc/core/md_doc_statuscodes.html

/** What a partner of this country should not have been given, or should have been refused. */
export function judgeGiven(
  { now, keys, latestEnd, refusal, fault }: Given,
  { country }: Pick<SimulatedServer, 'country'>,
  { crowd, generated }: JudgingGiven,
): readonly Problem[] {
  const owners = new Map(crowd.people.flatMap((one) => one.keys.map(({ key }) => [key, one])));
  return [
    ...(latestEnd > now ? (['I2: a partner was given a key that phones still use'] as const) : []),
    ...(refusal === UNAUTHENTICATED
      ? []
      : [`I5: a token for somebody else was answered with ${refusal ?? 'keys'}` as const]),
    ...(fault === undefined ? [] : [`I12: a partner was answered with ${fault}` as const]),
    ...keys.flatMap((key): readonly Problem[] => {
      const owner = owners.get(key);
      if (owner !== undefined) return judgeOwner(owner, country, now);
      return generated.has(key) ? [] : ['I5: a partner was given a key of nobody'];
    }),
  ];
}

interface JudgingGiven {
  readonly crowd: Pick<Crowd, 'people'>;
  readonly generated: ReadonlySet<string>;
}

/** A revision that an operator made may be younger than what anybody outside knows of. */
function judgeOwner(owner: Person, country: Country, now: number): readonly Problem[] {
  const { home, isTest, isRecalled, storedAt = now, takenBackAt = storedAt } = owner;
  if (home !== country || isTest) return ['I5: a partner was given a key that it may not have'];
  return takenBackAt + LONGEST < now && !isRecalled
    ? ['I10: a partner was given a key that is past retention']
    : [];
}
