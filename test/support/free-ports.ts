import { isPortFree } from '@keyserver/launcher';
import { systemRandom } from '@keyserver/random';

/** Below the ports that a system gives to whoever asks for any: a test beside this one gets none of these meanwhile. */
const FIRST = 20_000;
const PORTS = 12_000;

/** Ports of this machine that nobody listens on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + systemRandom.below(PORTS);
    if (await isPortFree(port)) found.add(port);
  }
  return [...found];
}
