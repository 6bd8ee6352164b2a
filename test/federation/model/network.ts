import { keyHex } from '@keyserver/exposure-keys';
import { FIRST_EPOCH, type PullProblem, readRequest } from '@keyserver/federation';
import { type FetchPage, pullQuery } from '@keyserver/federation-pull';
import {
  type CallTime,
  type ServeKeysDeps,
  serveKeys,
  unitCache,
} from '@keyserver/federation-serve/testing';
import type { Logger } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import { DAY, SECOND } from '@keyserver/time';
import { Failure, type Worker } from '../../padding/turns.ts';
import { decodeResponse } from '../wire.ts';
import { isGranted } from './grants.ts';
import { type Fault, type Link, partnerNow, unitsOf } from './link.ts';
import { type Standing, modelSync } from './model-sync.ts';

/** A link, and where its query stands. */
export interface LinkState {
  readonly link: Link;
  readonly standing: Standing;
  readonly serving: ServeKeysDeps;
}

/** A way in which the rule is broken. */
export type Broken =
  | 'lost' // a key that was owed is not there
  | 'unrevised' // a revision that was owed is not there
  | 'twice' // a key is in a region twice
  | 'given away' // a key was served that no grant allows, or before its time
  | 'shown' // a region was named that no grant allows
  | 'stuck' // a run cannot go on, though nothing in the model lets it stop
  | 'endless'; // keys go round and round

/** What the rule forbids and happened. */
export interface Violation {
  readonly broken: Broken;
  readonly what: string;
}

/** What runs of queries draw from, and where they tell what must not be. */
export interface Network {
  readonly random: Random;
  readonly faults: ReadonlySet<Fault>;
  /** What no grant allowed and was served all the same, and runs that stopped or did not end. */
  readonly seen: Violation[];
  /** Whether runs and calls have all the time that they need. */
  readonly isCalm: boolean;
}

/** A link over which nothing was fetched so far. */
export function linkState(link: Link, faults: ReadonlySet<Fault>): LinkState {
  const { findUnit, readUnit } = unitsOf(link, faults);
  const serving: ServeKeysDeps = {
    findUnit,
    loadUnit: unitCache(readUnit, CACHE_BYTES),
    readSealingKey: async () => await Promise.resolve(SEALING_KEY),
    readEpoch: async () => await Promise.resolve(FIRST_EPOCH),
    storeTime: async () => await Promise.resolve(link.from.now),
  };
  return { link, serving, standing: { state: undefined, more: false, run: '', changed: 0 } };
}

const CACHE_BYTES = 100_000;
const SEALING_KEY = Buffer.alloc(32, 7);
/** More pages than any link has keys. */
const MOST_PAGES = 3000;

/** One run of a query, as its service does it, over a network in which calls and answers are lost when the worker's turn says so. */
export async function pullOver(network: Network, state: LinkState, worker: Worker): Promise<void> {
  const { link, standing } = state;
  const { random, faults, seen } = network;
  let pages = 0;
  const fetch: FetchPage = async (_, request) => {
    if (pages++ > MOST_PAGES)
      seen.push({ broken: 'endless', what: `a run of ${link.query.id} does not end` });
    if (pages > MOST_PAGES) return { kind: 'failed', problem: 'partner_failed', fault: undefined };
    try {
      await worker.step(() => undefined); // the call may never arrive
      const answer = await serve(network, state, request);
      await worker.step(() => undefined); // and the answer may be lost
      return answer;
    } catch (fault) {
      // What is no failure of the network is a bug, which no server may have.
      if (!(fault instanceof Failure)) throw fault;
      return { kind: 'failed', problem: 'unreachable', fault };
    }
  };
  const budget = !network.isCalm && random.below(4) === 0 ? 1 + random.below(6) : Infinity;
  const job = {
    signal: new AbortController().signal,
    remaining: () => (pages < budget ? DAY : SECOND),
  };
  const sync = modelSync({ link, standing, worker, random, faults });
  const log = logOf(network, link);
  const deps = { sync, fetch, log, callMs: DAY, maxOnsetMagnitude: 14 };
  try {
    await pullQuery(deps, link.query, job);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
  }
}

/** Nothing in the model lets a run stop for good, or fail but for a call that is lost. */
function logOf({ seen }: Network, { query }: Link): Logger {
  const log = {
    event: (name: string, fields: { readonly problem?: PullProblem }) => {
      const { problem } = fields;
      if (problem !== undefined && problem !== 'unreachable')
        seen.push({ broken: 'stuck', what: `${query.id}, ${name}: ${problem}` });
    },
  };
  return log as Logger;
}

async function serve(
  network: Network,
  { link, serving }: LinkState,
  bytes: Uint8Array,
): ReturnType<FetchPage> {
  const request = readRequest(bytes);
  if (typeof request === 'string') throw new Error(`a request was ${request}`);
  const partner = partnerNow(link, network.faults);
  const served = await serveKeys(serving, { partner, request, time: timeOf(network) });
  if (served.kind === 'page') {
    watch(network, link, served.answer);
    return { kind: 'answer', bytes: served.answer };
  }
  if (served.reason !== 'not_read')
    network.seen.push({ broken: 'stuck', what: `${link.query.id} was refused: ${served.reason}` });
  return { kind: 'failed', problem: 'unreachable', fault: undefined };
}

/** A call whose time may be over after a few looks at it. */
function timeOf({ random, isCalm }: Network): CallTime {
  let looks = !isCalm && random.below(4) === 0 ? random.below(4) : Infinity;
  return {
    isOver: () => looks-- <= 0,
    within: async (work) => await work,
    end: () => undefined,
  };
}

/** No key is given that a grant does not allow, before its window has begun, or generated to who is fresh; and no region is named. */
function watch({ seen }: Network, { from, grants, partner, query }: Link, answer: Buffer): void {
  const { keys, revisedKeys } = decodeResponse(answer);
  const inForce = grants.at(from.now);
  for (const { exposureKey, regions } of [...keys, ...revisedKeys]) {
    const hex = keyHex(exposureKey);
    const isAllowed = from
      .holding(hex)
      .some(
        (document) =>
          isGranted(inForce, document) &&
          isGranted(grants.ofDay(document.window), document) &&
          document.window < from.now &&
          (partner.mode === 'padded' || document.origin !== 'padding'),
      );
    if (!isAllowed) seen.push({ broken: 'given away', what: `${hex} to ${query.id}` });
    const hidden = regions.filter((region) => !inForce.includeRegions.includes(region));
    if (hidden.length > 0) seen.push({ broken: 'shown', what: `${hidden.join()} to ${query.id}` });
  }
}
