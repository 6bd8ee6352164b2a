import { SECOND } from '@keyserver/time';
import { type Pause, ignoreStop } from './attempt-job.ts';

const BETWEEN = SECOND / 5;
const ATTEMPTS = 150;

/** Waits until services say that they can work; the answer is the names of those that do not in half a minute. */
export async function awaitHealth(
  services: readonly { readonly name: string; readonly url: string }[],
  of: { readonly pause: Pause; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  let waiting = services;
  for (let attempt = 0; attempt < ATTEMPTS && !of.signal.aborted; attempt++) {
    const healthy = await Promise.all(
      waiting.map(async ({ url }) => await isHealthy(url, of.signal)),
    );
    waiting = waiting.filter((_, at) => healthy[at] !== true);
    if (waiting.length === 0) break;
    await of.pause(BETWEEN, of.signal).catch(ignoreStop);
  }
  return waiting.map(({ name }) => name);
}

async function isHealthy(url: string, stopped: AbortSignal): Promise<boolean> {
  try {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(2 * SECOND)]);
    const response = await fetch(new URL('/health', url), { signal });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
