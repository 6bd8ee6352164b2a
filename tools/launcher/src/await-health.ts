import { within } from '@keyserver/retry';
import { SECOND, type Timers, sleep } from '@keyserver/time';
import { ignoreStop } from './attempt-job.ts';

const BETWEEN = SECOND / 5;
const ATTEMPTS = 150;

/** Waits until services say that they can work; the answer is the names of those that do not in half a minute. */
export async function awaitHealth(
  services: readonly { readonly name: string; readonly url: string }[],
  of: { readonly timers: Timers; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  let waiting = services;
  for (let attempt = 0; attempt < ATTEMPTS && !of.signal.aborted; attempt++) {
    const healthy = await Promise.all(waiting.map(async ({ url }) => await isHealthy(url, of)));
    waiting = waiting.filter((_, at) => healthy[at] !== true);
    if (waiting.length === 0) break;
    await sleep(of.timers, BETWEEN, of).catch(ignoreStop);
  }
  return waiting.map(({ name }) => name);
}

async function isHealthy(
  url: string,
  { timers, signal }: { readonly timers: Timers; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    return await within({ ms: 2 * SECOND, timers, signal }, async (cut) => {
      const response = await fetch(new URL('/health', url), { signal: cut });
      await response.arrayBuffer();
      return response.status === 200;
    });
  } catch {
    return false;
  }
}
