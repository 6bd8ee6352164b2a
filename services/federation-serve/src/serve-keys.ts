import {
  type Epoch,
  type FetchRequest,
  type FindUnit,
  type FoundUnit,
  Page,
  type Partner,
  type Place,
  type Position,
  type Resumption,
  type Unit,
  type UnitEnd,
  answerBytes,
  readState,
  readingOf,
  stateOf,
} from '@keyserver/federation';
import type { FederationRefusal } from '@keyserver/log';
import type { ReadSealingKey } from '@keyserver/stores';
import { SECOND, type UnixMillis } from '@keyserver/time';
import type { CallTime } from './call-time.ts';
import type { LoadUnit } from './unit-cache.ts';

/** What serving keys needs. */
export interface ServeKeysDeps {
  readonly findUnit: FindUnit;
  readonly loadUnit: LoadUnit;
  /** Reads the epoch of store time. Whatever is found, loaded or told of time afterwards is of this epoch or a later one. */
  readonly readEpoch: () => Promise<Epoch>;
  readonly readSealingKey: ReadSealingKey;
  readonly storeTime: () => Promise<UnixMillis>;
}

/** One call of a partner. */
export interface FetchCall {
  readonly partner: Partner;
  readonly request: FetchRequest;
  readonly time: CallTime;
}

/** How a call ended. */
export type Fetched =
  | {
      readonly kind: 'page';
      readonly answer: Buffer;
      readonly keys: number;
      readonly revised: number;
      readonly leftOut: number;
      readonly partial: boolean;
      /** ms from the start of the unit that comes next to now, or to the end of the partner; 0 while it has not begun. */
      readonly behind: number;
    }
  | { readonly kind: 'refused'; readonly reason: FederationRefusal };

/**
 * Messages that clients take without being told otherwise have at most 4 MiB (4,194,304 bytes:
 * https://grpc.github.io/grpc/core/group__grpc__arg__keys.html, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH). A page ends
 * with the key that reaches this; one key and the state fit into what is left.
 */
const PAGE_BYTES = 3 * 1024 * 1024;

/**
 * Gives a partner the page after its state: keys of available units in their order, as far as grants, wishes, room and time go.
 * The next state names the last record that was looked at, so a call whose time is over has got on even if it gave no key.
 */
export async function serveKeys(deps: ServeKeysDeps, call: FetchCall): Promise<Fetched> {
  const { partner, request, time } = call;
  const begun = await time.within(beginningOf(deps, request));
  if (begun === 'over') return refused('not_read');
  const { epoch, now, resumption } = begun;
  if (typeof resumption === 'string') return refused(resumption);
  const keys = Math.min(partner.maxPageKeys, request.maxKeys ?? Infinity);
  const page = new Page({ keys, bytes: PAGE_BYTES, isOver: time.isOver });
  const end = await fill(page, resumption, { deps, call, now });
  if (end.kind === 'refused') return end;
  const sealingKey = await deps.readSealingKey();
  const { position, partial, unitEnd } = end;
  const state = stateOf(position, { sealingKey, unitEnd, epoch: epoch.number });
  return {
    ...{ kind: 'page', answer: answerBytes(page, { partial, state }), partial },
    ...{ keys: page.count.primary, revised: page.count.revision, leftOut: page.leftOut },
    behind: behindOf(position, { partner, now }),
  };
}

function behindOf(
  { unit }: Position,
  { partner: { from, thru }, now }: { readonly partner: Partner; readonly now: UnixMillis },
): number {
  return Math.max(0, Math.min(now, thru ?? now) - Math.max(unit, from));
}

/** Where a call goes on. The epoch is read first: a position is never told as of a later epoch than it was found in. */
async function beginningOf(
  { readEpoch, storeTime, readSealingKey }: ServeKeysDeps,
  request: FetchRequest,
): Promise<{
  readonly epoch: Epoch;
  readonly now: UnixMillis;
  readonly resumption: Awaited<ReturnType<typeof resumptionOf>>;
}> {
  const epoch = await readEpoch();
  const now = await storeTime();
  const resumption = await resumptionOf(readSealingKey, request, { epoch, now });
  return { epoch, now, resumption };
}

const refused = (reason: FederationRefusal) => ({ kind: 'refused', reason }) as const;

/** A state that is not sealed with the key that is known may be sealed with one that came with moved data. */
async function resumptionOf(
  readSealingKey: ReadSealingKey,
  { state }: FetchRequest,
  at: { readonly epoch: Epoch; readonly now: UnixMillis },
): Promise<Resumption | 'state' | 'future'> {
  const read = readState(state, { ...at, sealingKey: await readSealingKey() });
  if (read !== 'state') return read;
  return readState(state, { ...at, sealingKey: await readSealingKey('anew') });
}

/** How far a page came. */
interface Filled {
  readonly kind: 'filled';
  readonly position: Position;
  readonly partial: boolean;
  /** The end of the unit that the position lies in, where it lies within one. */
  readonly unitEnd?: UnixMillis;
}

interface Filling {
  readonly deps: ServeKeysDeps;
  readonly call: FetchCall;
  readonly now: UnixMillis;
}

type Ended = Filled | ReturnType<typeof refused>;

/** Goes from unit to unit until there is no room, no time or no available unit. */
async function fill(
  page: Page,
  resumption: Resumption,
  { deps, call, now }: Filling,
): Promise<Ended> {
  let at: Going = { ...resumption, hasMoved: false };
  for (;;) {
    if (at.hasMoved && call.time.isOver()) return { kind: 'filled', position: at, partial: true };
    const found = await call.time.within(deps.findUnit(call.partner, at.unit));
    if (found === 'over') return stoppedAt(at);
    if (found.kind === 'not yet' || isAhead(found, now))
      return { kind: 'filled', position: at, partial: false };
    if (found.kind === 'nothing') {
      at = movedTo(found.to, at);
      continue;
    }
    if (page.isFull) return { kind: 'filled', position: at, partial: true };
    const { unit } = found;
    const end = await takeUnit(page, at, { deps, call, unit });
    if (end.kind !== 'exhausted') return within(unit, end, at);
    at = movedTo(unit.end, at);
  }
}

/** Where a page has got to, and whether that is another unit than it began with. */
interface Going extends Resumption {
  readonly hasMoved: boolean;
}

function movedTo(unit: UnixMillis, from: Position): Going {
  if (unit <= from.unit) throw new Error('a partner does not get on');
  return { unit, byTimestamp: false, hasMoved: true };
}

/** Whether what is found begins in the future. It may still be granted, so nobody is moved there. */
const isAhead = (found: FoundUnit, now: UnixMillis): boolean =>
  found.kind === 'nothing' && found.to > now;

/** Takes what a unit has for the partner, slice by slice. A unit that holds nothing for it is not read. */
async function takeUnit(
  page: Page,
  resumption: Resumption,
  { deps, call, unit }: Omit<Filling, 'now'> & { readonly unit: Unit },
): Promise<UnitEnd> {
  const { partner, request, time } = call;
  const reading = readingOf([unit.grant, partner], request);
  if (reading.isEmpty) return { kind: 'exhausted' };
  let after = resumption.unit === unit.start ? resumption.after : undefined;
  for (;;) {
    const slice = await time.within(deps.loadUnit(unit, after));
    if (slice === 'over') return { kind: 'stopped', after };
    const end = page.take(slice, reading, after);
    if (end.kind !== 'exhausted' || slice.end === undefined) return end;
    after = slice.end;
    if (page.isFull) return { kind: 'full', after }; // what follows need not be read to say so
  }
}

/** How a page ends that had no time for a unit. A call that has not got on says so: its partner would take the same state again for a fault. */
const stoppedAt = (at: Going): Ended =>
  at.hasMoved ? { kind: 'filled', position: at, partial: true } : refused('not_read');

/** How a page ends within a unit. */
function within(unit: Unit, end: Exclude<UnitEnd, { kind: 'exhausted' }>, at: Going): Ended {
  if (end.after === undefined) return stoppedAt(at);
  if (at.hasMoved) return partly(unit, end.after);
  if (end.kind === 'full' && isPartly(at, unit)) return refused('echo_token');
  return end.after === at.after ? refused('not_read') : partly(unit, end.after);
}

const partly = (unit: Unit, after: Place): Filled => ({
  ...{ kind: 'filled', position: { unit: unit.start, after }, partial: true },
  unitEnd: unit.end,
});

/** Whether a timestamp says that a part of the unit is done, but no token says which. */
const isPartly = ({ byTimestamp, unit: told }: Resumption, { start, end }: Unit): boolean =>
  byTimestamp && told === start + SECOND && told < end;
