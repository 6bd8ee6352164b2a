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
      /** ms from the start of the unit that comes next to now; 0 while the partner has not begun. */
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
  const epoch = await deps.readEpoch(); // first: a position is never told as of a later epoch than it was found in
  const now = await deps.storeTime();
  const resumption = await resumptionOf(deps.readSealingKey, request, { epoch, now });
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
    behind: Math.max(0, now - Math.max(position.unit, partner.from)),
  };
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
    const found = await deps.findUnit(call.partner, at.unit);
    if (found.kind === 'not yet' || isAhead(found, now))
      return { kind: 'filled', position: at, partial: false };
    if (found.kind === 'nothing') {
      at = movedTo(found.to, at);
      continue;
    }
    if (page.isFull) return { kind: 'filled', position: at, partial: true };
    const { unit } = found;
    const end = await takeUnit(page, at, { deps, call, unit });
    if (end === 'not read' || end.kind !== 'exhausted') return within(unit, end, at);
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

/** Takes what a unit has for the partner. A unit that holds nothing for it is not read. */
async function takeUnit(
  page: Page,
  { unit: resumed, after }: Resumption,
  { deps, call, unit }: Omit<Filling, 'now'> & { readonly unit: Unit },
): Promise<UnitEnd | 'not read'> {
  const { partner, request, time } = call;
  const reading = readingOf([unit.grant, partner], request);
  if (reading.isEmpty) return { kind: 'exhausted' };
  const packed = await time.within(deps.loadUnit(partner, unit));
  if (packed === 'over') return 'not read';
  return page.take(packed, reading, resumed === unit.start ? after : undefined);
}

/** How a page ends within a unit. A call that has not got on says so: its partner would take the same state again for a fault. */
function within(
  unit: Unit,
  end: Exclude<UnitEnd, { kind: 'exhausted' }> | 'not read',
  at: Going,
): Ended {
  if (end === 'not read' || end.after === undefined)
    return at.hasMoved ? { kind: 'filled', position: at, partial: true } : refused('not_read');
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
