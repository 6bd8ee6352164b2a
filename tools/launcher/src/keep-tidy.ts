import { type Logger, faultTrail } from '@keyserver/log';
import { Cron } from 'croner';

/** Sweeps the object store now and every hour, until it is stopped. */
export function keepTidy(sweep: () => Promise<void>, log: Logger): { stop(): void } {
  const cron = new Cron(
    '17 * * * *',
    {
      timezone: 'UTC',
      protect: true,
      catch: (fault) => {
        log.event('launcher.sweep_failed', { causes: faultTrail(fault) });
      },
    },
    sweep,
  );
  void cron.trigger();
  return {
    stop: () => {
      cron.stop();
    },
  };
}
