import { StoreFault } from '@keyserver/docstore';
import type { Begun, SyncStore } from '@keyserver/federation';
import { aQuery } from '@keyserver/federation/testing';
import { seededRandom } from '@keyserver/random/testing';
import { MINUTE, systemTimers } from '@keyserver/time';
import { beginsPatiently } from './begin-patiently.ts';

const BEGUN: Begun = {
  kind: 'begun',
  sync: { id: 'a', queryId: 'b' },
  state: undefined,
  more: false,
};
const locked = new StoreFault('contended', 'what died holds it');

/** Begins a run at a store that answers as it is told, one answer after the other; pauses pass at once. */
async function begin(
  answers: readonly (Begun | Error)[],
  job: { remaining?: number; signal?: AbortSignal } = {},
) {
  let asked = 0;
  const never = () => Promise.reject(new Error('not asked for'));
  const sync: SyncStore = {
    begin: async () => {
      const answer = answers[asked++]!;
      return await (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
    },
    ...{ store: never, end: never },
  };
  const pauses: number[] = [];
  const timers = {
    ...systemTimers,
    after: (ms: number, then: () => void) => {
      pauses.push(ms);
      setImmediate(then);
      return () => undefined;
    },
  };
  const { remaining = 8 * MINUTE, signal = new AbortController().signal } = job;
  const running = { signal, remaining: () => remaining };
  const patient = beginsPatiently(sync, { job: running, timers, random: seededRandom('begin') });
  const outcome = await patient.begin(aQuery()).catch((fault: unknown) => fault);
  return { outcome, asked, pauses };
}

it('begins once the dead let go of what they had read', async () => {
  const { outcome, asked, pauses } = await begin([locked, locked, BEGUN]);
  expect([outcome, asked, pauses.length]).toEqual([BEGUN, 3, 2]);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(5000);
});

it.each([
  ['when it stays locked for longer than the dead can hold it', {}, 4],
  ['with too little time for another attempt', { remaining: MINUTE / 2 }, 1],
  ['in a run that has ended', { signal: AbortSignal.abort() }, 1],
])('gives up %s', async (_when, job, attempts) => {
  const { outcome, asked } = await begin([locked, locked, locked, locked, BEGUN], job);
  expect([outcome, asked]).toEqual([locked, attempts]);
});

it('waits for nothing but a lock', async () => {
  const away = new StoreFault('unavailable', 'the store is away');
  expect(await begin([away, BEGUN])).toEqual({ outcome: away, asked: 1, pauses: [] });
});

it('gives what was begun at once, and what is not to begin', async () => {
  const lost: Begun = { kind: 'position lost' };
  expect(await begin([lost, BEGUN])).toEqual({ outcome: lost, asked: 1, pauses: [] });
});
