import { type Logger, faultTrail } from '@keyserver/log';
import { type Clock, SECOND } from '@keyserver/time';
import type { RequestHandler } from 'express';

/** Asks what the service cannot work without; rejects when something is away. */
export type HealthProbe = () => Promise<void>;

const CACHED = SECOND;
const PATIENCE = 5 * SECOND;

/** `GET /health`: whether the service can do its work, asked at most once a second, however many ask us. */
export function healthRoute(probe: HealthProbe, clock: Clock, log: Logger): RequestHandler {
  const isHealthy = healthWatch(probe, clock, log);
  return async (_request, response) => {
    const healthy = await isHealthy();
    response
      .status(healthy ? 200 : 500)
      .type('application/json')
      .send(healthy ? '{"status": "ok"}' : '{"status": "unhealthy"}');
  };
}

/** Whether a probe succeeds, remembered for a second; a change is logged. */
export function healthWatch(probe: HealthProbe, clock: Clock, log: Logger): () => Promise<boolean> {
  let asked: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  let wasHealthy = true;

  async function ask(): Promise<boolean> {
    try {
      await withinPatience(probe);
      if (!wasHealthy) log.event('service.healthy', {});
      wasHealthy = true;
    } catch (fault) {
      if (wasHealthy) log.event('service.unhealthy', { causes: faultTrail(fault) });
      wasHealthy = false;
    }
    return wasHealthy;
  }

  return async () => {
    const now = clock.now();
    const age = asked === undefined ? Infinity : now - asked.at;
    // A negative age means that the clock was set back: the answer may be old.
    if (asked === undefined || age < 0 || age >= CACHED) asked = { at: now, answer: ask() };
    return await asked.answer;
  };
}

async function withinPatience(probe: HealthProbe): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('the health probe did not answer in time'));
    }, PATIENCE);
  });
  try {
    await Promise.race([probe(), late]);
  } finally {
    clearTimeout(timer);
  }
}
