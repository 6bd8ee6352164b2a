import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Metadata,
  type ServerErrorResponse,
  type handleServerStreamingCall,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import type { CallFault, CallFaultPlan } from '../grpc/call-faults.ts';
import { Refusal } from '../grpc/refusal.ts';
import type { RequestSizes } from './request-size.ts';

/** What surrounds every call: its bounds, the faults to come, and a way to destroy the connection that it came by. */
export interface Surroundings {
  readonly sizes: RequestSizes;
  readonly faults: CallFaultPlan;
  cut(peer: string): void;
}

interface Call {
  getPeer(): string;
  once(event: 'cancelled', listener: () => void): unknown;
}

interface Handling<A> {
  readonly work: () => Promise<A> | A;
  readonly answer: (result: A) => Promise<void> | void;
  readonly refuse: (refusal: Partial<ServerErrorResponse>) => void;
  readonly cut: (unheard?: A) => void;
}

/** Answers the calls of a method that has one answer. */
export function unary<Q extends object, A>(
  { sizes, faults, cut }: Surroundings,
  method: string,
  work: (request: Q, signal: AbortSignal) => Promise<A> | A,
): handleUnaryCall<Q, A> {
  return (call, reply) => {
    const signal = cancellation(call);
    const peer = call.getPeer();
    void handle(faults.take(method), {
      work: () => {
        sizes.check(call.request);
        return work(call.request, signal);
      },
      answer: (result) => {
        reply(null, result);
      },
      refuse: reply,
      cut: () => {
        cut(peer);
      },
    });
  };
}

/** Answers the calls of a method that streams its answers; all of them are of the moment of the call. */
export function streaming<Q, A>(
  { faults, cut }: Surroundings,
  method: string,
  work: (request: Q, signal: AbortSignal) => Promise<Iterable<A>> | Iterable<A>,
  lost: (unheard: readonly A[]) => void = () => undefined,
): handleServerStreamingCall<Q, A> {
  return (call) => {
    const signal = cancellation(call);
    const peer = call.getPeer();
    void handle(faults.take(method), {
      work: async () => [...(await work(call.request, signal))],
      answer: async (messages) => {
        for (const message of messages)
          if (!call.write(message)) await once(call, 'drain', { signal });
        call.end();
      },
      refuse: (refusal) => {
        call.sendMetadata(new Metadata()); // a stream that ends without a head, the client takes for a network failure
        call.emit('error', refusal);
      },
      cut: (unheard) => {
        cut(peer);
        if (unheard !== undefined) lost(unheard);
      },
    });
  };
}

function cancellation(call: Call): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => {
    controller.abort();
  });
  return controller.signal;
}

async function handle<A>(fault: CallFault | undefined, handling: Handling<A>): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      await done(handling, handling.answer);
      return;
    case 'slow':
      await sleep(fault.ms);
      await done(handling, handling.answer);
      return;
    case 'hang':
      return;
    case 'fail':
      handling.refuse(new Refusal(fault.code, 'a failure that a test asked for'));
      return;
    case 'cut':
      if (fault.when === 'before') handling.cut();
      else
        await done(
          {
            ...handling,
            refuse: () => {
              handling.cut();
            },
          },
          handling.cut,
        );
  }
}

async function done<A>(
  { work, refuse }: Handling<A>,
  answer: (result: A) => Promise<void> | void,
): Promise<void> {
  try {
    await answer(await work());
  } catch (error) {
    refuse(error instanceof Error ? error : { details: String(error) });
  }
}
