import { seededRandom } from '@keyserver/random/testing';
import { type RecordingLog, recordingLog } from '@keyserver/log/testing';
import { type SimulatedClock, simulatedClock, unixMillis, systemTimers } from '@keyserver/time';
import { type RunningServer, type Timeouts, listen } from '../listen.ts';
import { type HttpAppParts, createHttpApp } from '../server.ts';
import { noteUnreadableIn } from '../unreadable-requests.ts';

/** A service of a test that really listens. */
export interface TestService extends RecordingLog {
  readonly server: RunningServer;
  readonly clock: SimulatedClock;
  /** Requests a path of the service. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts a service on a free port; tests state only the parts that matter to them. */
export async function aService(
  parts: Partial<HttpAppParts>,
  timeouts: Partial<Timeouts> = {},
): Promise<TestService> {
  const recording = recordingLog();
  const clock = simulatedClock(unixMillis(1_700_000_000_000));
  const app = createHttpApp({
    log: recording.log,
    random: seededRandom('service'),
    clock,
    timers: systemTimers,
    health: () => Promise.resolve(),
    routes: () => undefined,
    ...parts,
  });
  const server = await listen(app, {
    ...{ port: 0, timers: systemTimers, timeouts },
    noteUnreadable: noteUnreadableIn(recording.log),
  });
  const request = async (path: string, init?: RequestInit): Promise<Response> =>
    await fetch(`${server.url}${path}`, init);
  return { ...recording, clock, server, fetch: request };
}
