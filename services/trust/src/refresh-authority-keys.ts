import {
  type HealthAuthority,
  type KeySetProblem,
  type KeySetReading,
  readKeySet,
} from '@keyserver/health-authority';
import type { JobReport } from '@keyserver/jobs';
import { type Logger, configuredId } from '@keyserver/log';
import { type Random, shuffle } from '@keyserver/random';
import { longestPause } from '@keyserver/retry';
import type { StrictJson } from '@keyserver/service';
import type { AskedAuthority, AuthorityKeys, RefreshOutcome } from '@keyserver/stores';
import { MINUTE, type UnixMillis } from '@keyserver/time';
import type { FetchKeySet } from './fetch-key-set.ts';

/** What learning the keys of authorities needs. */
export interface RefreshDeps {
  /** All authorities, and the ids of what is to be forgotten. */
  readonly readAuthorityKeys: () => Promise<{
    readonly authorities: readonly AuthorityKeys[];
    readonly strays: readonly string[];
  }>;
  readonly fetchKeySet: FetchKeySet;
  readonly parseJson: (bytes: Uint8Array) => StrictJson;
  /** Learns from an answer, in one transaction. */
  readonly recordServed: (
    asked: AskedAuthority,
    served: Extract<KeySetReading, { kind: 'keys' }>['keys'],
  ) => Promise<RefreshOutcome>;
  readonly recordFailure: (
    asked: AskedAuthority,
    problem: KeySetProblem,
    pause: (failures: number) => number,
  ) => Promise<{ readonly kind: 'failed'; readonly failures: number } | { kind: 'overtaken' }>;
  readonly forget: (id: string) => Promise<boolean>;
  /** Store time. */
  readonly storeTime: () => Promise<UnixMillis>;
  readonly random: Random;
  readonly log: Logger;
}

/** How many authorities are asked at once. */
const AT_ONCE = 5;
/** Failures wait, so that an authority that is away is not asked every two minutes, and is asked soon after it is back. */
const PAUSES = { firstPauseMs: MINUTE, longestPauseMs: 15 * MINUTE };
const pauseAfter = (failures: number): number => longestPause(PAUSES, Math.min(failures, 10));

type ServingAuthority = HealthAuthority & { readonly jwks: string };

interface Due {
  readonly authority: ServingAuthority;
  readonly revision: number;
}

/** Counts what a run did. */
interface Tally {
  changed: number;
  left: number;
  readonly problems: string[];
}

/**
 * Learns the keys of every authority that serves them, a few at a time and in random order, so that none is always last. What
 * goes wrong with one of them changes nothing of it and nothing for the others. What is left when the signal ends the
 * run is done by the next.
 */
export async function refreshAuthorityKeys(
  deps: RefreshDeps,
  signal: AbortSignal,
): Promise<JobReport> {
  const { authorities, strays } = await deps.readAuthorityKeys();
  const tally: Tally = { changed: 0, left: 0, problems: [] };
  for (const id of strays) if (await deps.forget(id)) tally.changed += 1;
  const due = shuffle(dueAt(authorities, await deps.storeTime()), deps.random);
  const waiting = due[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const one of waiting) await refreshOne(deps, one, { signal, tally });
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  // A fault of the store, which the others have met too, or are through with.
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
  const { changed: done, left, problems } = tally;
  return problems.length > 0
    ? { kind: 'failed', done, left, problems }
    : { kind: 'done', done, left };
}

/** A pause that is longer than the longest was written by a wrong clock, and does not count. */
const dueAt = (all: readonly AuthorityKeys[], now: UnixMillis): readonly Due[] =>
  all.flatMap(({ authority, keySet }) => {
    if (!servesKeys(authority)) return [];
    const wait = (keySet?.notBefore ?? now) - now;
    const isDue = wait <= 0 || wait > PAUSES.longestPauseMs;
    return isDue ? [{ authority, revision: keySet?.revision ?? 0 }] : [];
  });

const servesKeys = (authority: HealthAuthority): authority is ServingAuthority =>
  authority.jwks !== undefined;

async function refreshOne(
  deps: RefreshDeps,
  due: Due,
  { signal, tally }: { readonly signal: AbortSignal; readonly tally: Tally },
): Promise<void> {
  if (signal.aborted) {
    tally.left += 1;
    return;
  }
  const reading = await readAnswer(deps, due.authority.jwks, signal);
  if (reading === undefined) tally.left += 1;
  else if (reading.kind === 'keys') {
    // Not added to while waiting: others add to it meanwhile.
    const changed = await learn(deps, due, reading.keys);
    tally.changed += changed;
  } else tally.problems.push(...(await fail(deps, due, reading.problem)));
}

/** Undefined when the run ended before there was an answer: that is no fault of the authority. */
async function readAnswer(
  { fetchKeySet, parseJson }: RefreshDeps,
  address: string,
  signal: AbortSignal,
): Promise<KeySetReading | undefined> {
  try {
    const fetched = await fetchKeySet(address, signal);
    if (fetched.kind === 'failed') return { kind: 'refused', problem: fetched.problem };
    const json = parseJson(fetched.body);
    if (json.kind === 'value') return readKeySet(json.value);
    return { kind: 'refused', problem: json.reason === 'empty' ? 'empty' : 'not_json' };
  } catch (fault) {
    if (signal.aborted) return undefined;
    throw fault;
  }
}

async function learn(
  { recordServed, log }: RefreshDeps,
  due: Due,
  served: Extract<KeySetReading, { kind: 'keys' }>['keys'],
): Promise<number> {
  const outcome = await recordServed(due, served);
  if (outcome.kind !== 'refreshed') return 0;
  const { kind: _, ...counts } = outcome;
  log.event('trust.authority_keys_changed', { authority: configuredId(due.authority), ...counts });
  return 1;
}

async function fail(
  { recordFailure, log }: RefreshDeps,
  due: Due,
  problem: KeySetProblem,
): Promise<readonly string[]> {
  const outcome = await recordFailure(due, problem, pauseAfter);
  if (outcome.kind !== 'failed') return [];
  const { failures } = outcome;
  log.event('trust.authority_keys_failed', {
    ...{ authority: configuredId(due.authority), problem, failures },
  });
  return [`the keys of authority ${due.authority.id} could not be learned: ${problem}`];
}
