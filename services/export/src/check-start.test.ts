import type { ExportConfig } from '@keyserver/export-file';
import { createLogger } from '@keyserver/log';
import { DAY, MINUTE, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { checkStart } from './check-start.ts';
import { NOON, anExport } from './testing/export-builders.ts';

/** Starts with these exports, in a profile in which a plan lasts so long; gives the buckets that were tried. */
async function start(exports: readonly ExportConfig[], span: number): Promise<readonly string[]> {
  const clock = simulatedClock(NOON);
  const tried: string[] = [];
  await checkStart({
    listExports: () => Promise.resolve(exports),
    storeTime: () => Promise.resolve(NOON),
    span,
    watch: {
      check: () => Promise.resolve(),
      silent: () => [],
      problems: () => [],
      probe: () => Promise.resolve(undefined),
    },
    log: createLogger({ service: 'export', write: () => undefined, clock, timers: systemTimers }),
    checkBucket: (bucket) => {
      tried.push(bucket);
      return Promise.resolve();
    },
    replacesAnother: true,
  });
  return tried;
}

describe('a start of the export service', () => {
  it('is refused when no batch of an export would ever fit into a plan', async () => {
    await expect(start([anExport({ period: 2 * MINUTE })], MINUTE)).rejects.toThrow(
      'export us has a period of 120 s, but in the development profile a plan lasts 60 s: give it a shorter one with `npx keyserver config apply`',
    );
  });

  it('tries each bucket once where all of them fit, and none of exports that are over', async () => {
    const over = { period: 7 * MINUTE, bucket: 'old', thru: unixMillis(NOON - DAY) };
    const exports = [anExport({ period: 2 * MINUTE }), anExport({ id: 'b' }), anExport(over)];
    expect(await start(exports, DAY)).toEqual([anExport().bucket]);
  });
});
