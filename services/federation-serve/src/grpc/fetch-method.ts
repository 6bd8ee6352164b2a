import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { type Partner, readRequest } from '@keyserver/federation';
import { type Logger, configuredId, faultTrail, requestIdOf } from '@keyserver/log';
import type { Random } from '@keyserver/random';
import type { VerifyPartner } from '@keyserver/service';
import type { LifecycleGoal } from '@keyserver/stores';
import {
  type Clock,
  MINUTE,
  SECOND,
  type Timers,
  type UnixMillis,
  unixMillis,
} from '@keyserver/time';
import { type CallTime, callTime } from '../call-time.ts';
import { type OpenCalls, openCalls } from '../open-calls.ts';
import type { AdmitCall } from '../rate-limit.ts';
import { type ServeKeysDeps, serveKeys } from '../serve-keys.ts';
import {
  type CallStatus,
  ENDED,
  INTERNAL,
  SLEEPS,
  UNVERIFIABLE,
  asServiceError,
  refusedStatus,
  unauthenticated,
} from './statuses.ts';

/** What answering calls needs. */
export interface FetchDeps extends ServeKeysDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly verifyPartner: VerifyPartner<Partner>;
  readonly admitCall: AdmitCall;
  /** What this server came to, once it is emptied; undefined before. */
  readonly restsFor: () => Promise<LifecycleGoal | undefined>;
  /** Hears of faults, for health. */
  readonly noteFault: (fault: unknown) => void;
  /** Whether a partner is given nothing until an operator resumes it. */
  readonly isPaused: (partner: Partner) => Promise<boolean>;
  /** Hears of the start of the unit that a partner goes on with, after a call that it was answered. */
  readonly noteServed: (partner: Partner, until: UnixMillis) => void;
  /** How long a call may take, ms. */
  readonly callDeadline: number;
  readonly maxCalls: number;
}

/** Bytes as they came, and as they go: the library neither decodes nor encodes them. */
type FetchUnary = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => void;

/** The method, and how to end the calls that are under way: each gives what it has. */
export interface FetchMethod {
  readonly fetch: FetchUnary;
  readonly endCalls: () => void;
}

/** The HTTP status that stands for a fault of ours in the log. */
const FAULT = 500;
/** What is left of a client's deadline for the way of the answer, ms. */
const FOR_THE_WAY = SECOND / 2;
/** When to come back to an instance that is busy, ms. */
const BUSY_FOR = SECOND;
/** When to come back while the partner is paused, ms: a pause lasts longer than an outage. */
const PAUSED_FOR = 5 * MINUTE;

/** `/Federation/Fetch`: knows the caller, reads the request, serves keys, and logs one event for each call. */
export function fetchMethod(deps: FetchDeps): FetchMethod {
  const running = new Set<CallTime>();
  const open = openCalls(deps.maxCalls);
  const fetch: FetchUnary = (call, done) => {
    const time = callTime(deps.timers, timeFor(call, deps));
    running.add(time);
    call.on('cancelled', time.end);
    answer(call, { deps, time, open })
      .then(
        (outcome) => {
          if (Buffer.isBuffer(outcome)) done(null, outcome);
          else done(asServiceError(outcome));
        },
        () => {
          done(asServiceError(INTERNAL));
        },
      )
      .finally(() => {
        running.delete(time);
        time.end();
      });
  };
  const endCalls = (): void => {
    for (const time of running) time.end();
  };
  return { fetch, endCalls };
}

/** The shorter one of our own patience and the client's. */
function timeFor(
  call: Pick<ServerUnaryCall<Buffer, Buffer>, 'getDeadline'>,
  { callDeadline, clock }: Pick<FetchDeps, 'callDeadline' | 'clock'>,
): number {
  const deadline = Number(call.getDeadline()); // a Date, a time in ms, or Infinity
  return Math.min(callDeadline, deadline - clock.now() - FOR_THE_WAY);
}

interface Answering {
  readonly deps: FetchDeps;
  readonly time: CallTime;
  readonly open: OpenCalls;
}

async function answer(
  call: ServerUnaryCall<Buffer, Buffer>,
  { deps, time, open }: Answering,
): Promise<Buffer | CallStatus> {
  const log = deps.log.child({ requestId: requestIdOf(deps.random.bytes(16)) });
  try {
    const rest = await deps.restsFor();
    // An ended server knows no partner any more, so whoever asks is told.
    if (rest !== undefined) return rest === 'decommission' ? ENDED : SLEEPS;
    const authorization = call.metadata.get('authorization').map(String);
    const caller = await deps.verifyPartner(authorization);
    switch (caller.kind) {
      case 'unauthenticated':
      case 'forbidden':
        log.event('caller.refused', { reason: caller.reason });
        return unauthenticated(caller.reason, authorization);
      case 'unverifiable':
        log.event('caller.unverifiable', { causes: faultTrail(caller.fault) });
        return UNVERIFIABLE;
      case 'caller':
        return await whileOpen(call, { ...deps, log }, { ...caller, time, open });
    }
  } catch (fault) {
    deps.noteFault(fault);
    log.event('request.fault', { status: FAULT, causes: faultTrail(fault) });
    return INTERNAL;
  }
}

/** What is known of a call of a partner. */
interface Calling extends Omit<Answering, 'deps'> {
  readonly partner: Partner;
}

/** Answers a partner, unless there are too many calls. The library tells that the stream has closed, whatever the reason, by `cancelled`. */
async function whileOpen(
  call: ServerUnaryCall<Buffer, Buffer>,
  deps: FetchDeps,
  calling: Calling,
): Promise<Buffer | CallStatus> {
  const { partner, open } = calling;
  const opened = open(partner.id);
  if (opened === undefined) return refusal(deps, partner)('busy', BUSY_FOR);
  if (!call.cancelled) call.on('cancelled', opened.over);
  try {
    return await answerPartner(call, deps, calling);
  } finally {
    if (call.cancelled) opened.over();
    else opened.answered();
  }
}

/** Logs why a partner is refused, and gives the status that says so. */
const refusal =
  ({ log }: Pick<FetchDeps, 'log'>, partner: Partner) =>
  (reason: Parameters<typeof refusedStatus>[0], after?: number): CallStatus => {
    log.event('federation.refused', { partner: configuredId(partner), reason });
    return refusedStatus(reason, after);
  };

async function answerPartner(
  call: ServerUnaryCall<Buffer, Buffer>,
  deps: FetchDeps,
  { partner, time }: Calling,
): Promise<Buffer | CallStatus> {
  const { log, timers } = deps;
  const since = timers.monotonic();
  const id = configuredId(partner);
  const refuse = refusal(deps, partner);
  const wait = deps.admitCall(partner);
  if (wait > 0) return refuse('rate', wait);
  const request = readRequest(call.request);
  if (typeof request === 'string') return refuse(request);
  if (await deps.isPaused(partner)) return refuse('paused', PAUSED_FOR);
  const fetched = await serveKeys(deps, { partner, request, time });
  if (call.cancelled) log.event('federation.aborted', { partner: id });
  else if (fetched.kind === 'page') {
    const { answer: _, kind: __, behind, ...counts } = fetched;
    deps.noteServed(partner, unixMillis(Math.max(0, deps.clock.now() - behind)));
    const ms = Math.round(timers.monotonic() - since);
    const seconds = Math.round(behind / SECOND);
    log.event('federation.served', { partner: id, ...counts, behind: seconds, ms });
  }
  if (fetched.kind === 'page') return fetched.answer;
  return call.cancelled ? refusedStatus(fetched.reason) : refuse(fetched.reason);
}
