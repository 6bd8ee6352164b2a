import { Fault } from '@keyserver/fault';
import { HEALTH_PROBLEMS, type HealthProblem, type Logger, faultTrail } from '@keyserver/log';
import { DeadlineFault, within } from '@keyserver/retry';
import { type Clock, MINUTE, SECOND, type Timers } from '@keyserver/time';
import type { RequestHandler } from 'express';

/** Asks what the service cannot work without; rejects when something is wrong, best with a HealthFault that names it. */
export type HealthProbe = () => Promise<void>;

/** Something that a service needs is wrong. Its code is a fixed word, so it may be shown to whoever asks. */
export class HealthFault extends Fault<HealthProblem> {}

/** What is wrong, each problem once, and why; no problems means healthy. */
export interface Findings {
  readonly problems: readonly HealthProblem[];
  readonly cause?: unknown;
}

const CACHED = SECOND;
const PATIENCE = 5 * SECOND;
const MAX_CAUSES = 5;

/** One probe that asks several, all of them each time, so that one problem does not hide another. */
export const probeAll =
  (timers: Timers, probes: readonly HealthProbe[]): HealthProbe =>
  async () => {
    const asked = await Promise.allSettled(
      probes.map(async (probe) => {
        await answerOf(probe, timers);
      }),
    );
    const faults = asked.flatMap((each) =>
      each.status === 'rejected' ? [each.reason as unknown] : [],
    );
    if (faults.length === 1) throw faults[0];
    if (faults.length > 1) throw new AggregateError(faults, 'several health probes failed');
  };

/**
 * A probe that costs too much to be asked for whenever somebody asks us: a good answer holds for `every` ms, a bad one is
 * asked for again each time.
 */
export function seldom(probe: HealthProbe, every: number, clock: Clock): HealthProbe {
  let well: number | undefined;
  return async () => {
    const now = clock.now();
    if (well !== undefined && now >= well && now - well < every) return;
    well = undefined;
    await probe();
    well = now;
  };
}

/** How long health tells of damage that a request has met. */
const DAMAGE_REMEMBERED = 5 * MINUTE;

/**
 * Damage of the store that requests meet. A probe asks for a sample and may miss the one page that is broken; a request that
 * was answered with an error because of it is proof enough.
 */
export function metDamage(clock: Clock): {
  readonly note: (fault: unknown) => void;
  readonly probe: HealthProbe;
} {
  let met: { readonly at: number; readonly fault: unknown } | undefined;
  return {
    note: (fault) => {
      if (problemsOf(fault).includes('store_damaged')) met = { at: clock.now(), fault };
    },
    probe: async () => {
      await Promise.resolve();
      if (met !== undefined && Math.abs(clock.now() - met.at) < DAMAGE_REMEMBERED) throw met.fault;
    },
  };
}

/** `GET /health`: whether the service can do its work, asked at most once a second, however many ask us. */
export function healthRoute(findings: () => Promise<Findings>): RequestHandler {
  return async (_request, response) => {
    const { problems } = await findings();
    response.statusCode = problems.length === 0 ? 200 : 500;
    response.setHeader('Content-Type', 'application/json'); // Express would add a charset
    response.end(
      problems.length === 0
        ? '{"status": "ok"}'
        : JSON.stringify({ status: 'unhealthy', problems }),
    );
  };
}

/** What health is watched with. */
export interface HealthWatchParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** What a probe finds wrong, remembered for a second; a change is logged. */
export function healthWatch(
  probe: HealthProbe,
  { clock, timers, log }: HealthWatchParts,
): () => Promise<Findings> {
  let asked: { readonly at: number; readonly answer: Promise<Findings> } | undefined;
  let before = '';

  async function ask(): Promise<Findings> {
    const findings = await findingsOf(probe, timers);
    const { problems, cause } = findings;
    const now = problems.join();
    if (now !== before) {
      if (problems.length === 0) log.event('service.healthy', {});
      else
        log.event('service.unhealthy', { problems, causes: faultsIn(cause).flatMap(faultTrail) });
    }
    before = now;
    return findings;
  }

  return async () => {
    const now = clock.now();
    const age = asked === undefined ? Infinity : now - asked.at;
    // A negative age means that the clock was set back: the answer may be old.
    if (asked === undefined || age < 0 || age >= CACHED) asked = { at: now, answer: ask() };
    return await asked.answer;
  };
}

async function findingsOf(probe: HealthProbe, timers: Timers): Promise<Findings> {
  try {
    await answerOf(probe, timers);
    return { problems: [] };
  } catch (cause) {
    return { problems: problemsOf(cause), cause };
  }
}

/** The problems that a failed probe names, in a fixed order. */
export const problemsOf = (fault: unknown): readonly HealthProblem[] =>
  [...new Set(faultsIn(fault).map((each) => namedProblem(each) ?? 'fault'))].sort();

const faultsIn = (fault: unknown): readonly unknown[] =>
  fault instanceof AggregateError ? fault.errors.flatMap(faultsIn) : [fault];

// Faults of adapters, such as those of the store, carry their `problem` without knowing this package.
function namedProblem(fault: unknown, depth = MAX_CAUSES): HealthProblem | undefined {
  if (!(fault instanceof Error) || depth === 0) return undefined;
  if (fault instanceof HealthFault) return fault.code;
  const own = 'problem' in fault ? fault.problem : undefined;
  return HEALTH_PROBLEMS.find((word) => word === own) ?? namedProblem(fault.cause, depth - 1);
}

async function answerOf(probe: HealthProbe, timers: Timers): Promise<void> {
  try {
    await within({ ms: PATIENCE, timers }, probe);
  } catch (fault) {
    if (!(fault instanceof DeadlineFault)) throw fault;
    throw new HealthFault('no_answer', 'a health probe did not answer in time', { cause: fault });
  }
}

/** A probe whose faults of one class are known by a problem of their own; other faults stay what they are. */
export const namedProbe =
  (
    problem: HealthProblem,
    faults: abstract new (...given: never[]) => Error,
    probe: HealthProbe,
  ): HealthProbe =>
  async () => {
    try {
      await probe();
    } catch (fault) {
      if (!(fault instanceof faults)) throw fault;
      throw new HealthFault(problem, fault.message, { cause: fault });
    }
  };
