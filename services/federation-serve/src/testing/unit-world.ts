import type { KeyBatch } from '@keyserver/exposure-keys';
import {
  type Epoch,
  FIRST_EPOCH,
  type FetchRequest,
  type FindUnit,
  type Grant,
  PACKED_BYTES,
  type Partner,
  type ReadUnit,
  readRequest,
} from '@keyserver/federation';
import {
  FederationFetchRequest,
  FederationFetchResponse,
  aGrant,
  aPartner,
} from '@keyserver/federation/testing';
import { aKey, recordsOf } from '@keyserver/stores/testing';
import { HOUR, type UnixMillis, systemTimers, unixMillis } from '@keyserver/time';
import { type CallTime, callTime } from '../call-time.ts';
import { type Fetched, type ServeKeysDeps, serveKeys } from '../serve-keys.ts';
import { unitCache } from '../unit-cache.ts';

/** One unit of an hour, by the numbers of its keys. Tests only. */
export interface WorldUnit {
  readonly primaries?: readonly number[];
  readonly revisions?: readonly number[];
  /** US unless told otherwise. */
  readonly regions?: readonly string[];
  readonly grant?: Grant;
  readonly state?: 'available' | 'not yet' | 'nothing';
}

/** When the first unit begins. Tests only. */
export const FIRST = unixMillis(Date.UTC(2026, 0, 15));

/** Room in which a slice holds three keys, so that most units have several. */
const FEW_KEYS = 4 * 3 * PACKED_BYTES;

/** The last instant of store time in this world. Tests only. */
const nowAfter = (units: readonly WorldUnit[]): UnixMillis =>
  unixMillis(FIRST + units.length * HOUR);

/** Units and a server of them, for one partner. Tests only. */
export interface UnitWorld {
  units: readonly WorldUnit[];
  partner: Partner;
  sealingKey: Uint8Array;
  epoch: Epoch;
  /** How often units were read. */
  readonly reads: () => number;
  readonly fetch: (
    request?: FederationFetchRequest.$Properties,
    time?: CallTime,
    /** In the place of what serving needs. */
    instead?: Partial<ServeKeysDeps>,
  ) => Promise<Fetched>;
}

/** Makes such a world. Tests only. */
export function unitWorld(units: readonly WorldUnit[], partner: Partial<Partner> = {}): UnitWorld {
  let reads = 0;
  const readUnit: ReadUnit = async function* ({ start }) {
    reads++;
    const unit = world.units[(start - FIRST) / HOUR] ?? {};
    yield await Promise.resolve([
      batchOf(start, 'primary', unit.primaries, unit),
      batchOf(start, 'revision', unit.revisions, unit),
    ]);
  };
  const findUnit: FindUnit = async (_partner, window) => {
    await Promise.resolve();
    if (window < FIRST) return { kind: 'nothing', to: FIRST };
    const start = unixMillis(window - ((window - FIRST) % HOUR));
    const unit = world.units[(start - FIRST) / HOUR];
    const end = unixMillis(start + HOUR);
    if (unit === undefined || unit.state === 'not yet') return { kind: 'not yet' };
    if (unit.state === 'nothing') return { kind: 'nothing', to: end };
    return {
      kind: 'available',
      unit: { start, end, mode: 'fresh', grant: unit.grant ?? aGrant() },
    };
  };
  const loadUnit = unitCache(readUnit, FEW_KEYS);
  const world: UnitWorld = {
    units,
    partner: aPartner(partner),
    sealingKey: Buffer.alloc(32, 1),
    epoch: FIRST_EPOCH,
    reads: () => reads,
    fetch: async (request = {}, time = callTime(systemTimers, 60_000), instead = {}) => {
      const deps = {
        ...{ findUnit, loadUnit, readSealingKey: () => Promise.resolve(world.sealingKey) },
        readEpoch: () => Promise.resolve(world.epoch),
        storeTime: () => Promise.resolve(nowAfter(world.units)),
        ...instead,
      };
      try {
        return await serveKeys(deps, {
          partner: world.partner,
          request: wireRequest(request),
          time,
        });
      } finally {
        time.end();
      }
    },
  };
  return world;
}

function wireRequest(request: FederationFetchRequest.$Properties): FetchRequest {
  const read = readRequest(FederationFetchRequest.encode(request).finish());
  if (typeof read === 'string') throw new Error(read);
  return read;
}

const batchOf = (
  window: UnixMillis,
  kind: KeyBatch['kind'],
  numbers: readonly number[] = [],
  { regions = ['US'] }: WorldUnit,
): KeyBatch => ({
  ...{
    id: kind,
    window,
    kind,
    origin: 'local',
    sourceId: '',
    traveler: false,
    app: 'app',
    regions,
  },
  records: recordsOf(...numbers.toSorted((a, b) => a - b).map((n) => aKey(n))),
});

/** The answer of a page; throws for a refusal. Tests only. */
export function answerOf(fetched: Fetched): FederationFetchResponse {
  if (fetched.kind === 'refused') throw new Error(fetched.reason);
  return FederationFetchResponse.decode(fetched.answer);
}
