import { SECOND } from '@keyserver/time';
import type { BatchSpan } from './batch.ts';
import { type ExportConfig, inputRegionsOf } from './export-config.ts';

type Reach = Pick<
  ExportConfig,
  'outputRegion' | 'inputRegions' | 'includeTravelers' | 'onlyNonTravelers'
>;

const digits = (n: number, width: number): string => String(n).padStart(width, '0');
const MOST_EXCLUSIONS = 9999;

/** Fewest keys first: residents only, then everybody of a region, then travelers of all regions as well. */
function travelers(config: ExportConfig): '0' | '1' | '2' {
  if (config.onlyNonTravelers) return '0';
  return config.includeTravelers ? '2' : '1';
}

/**
 * The turn of a batch, as text that sorts: what ends earlier goes first, then what takes fewer keys. A batch is padded
 * from its own keys, so one that holds another must come after it: were it first, the padding that the smaller one
 * still makes would be missing in the larger file, and the difference of the two would point it out.
 */
export function turnOf(config: ExportConfig, { start, end }: BatchSpan): string {
  const exclusions = Math.min(config.excludeRegions.length, MOST_EXCLUSIONS);
  return [
    digits(end / SECOND, 12),
    digits((end - start) / SECOND, 6),
    travelers(config),
    digits(inputRegionsOf(config).length, 4),
    digits(MOST_EXCLUSIONS - exclusions, 4),
    config.id,
  ].join('/');
}

/** Whether some key could be in files of both exports. Exclusions are not looked at: at worst one waits for the other. */
export function sharesKeys(one: Reach, other: Reach): boolean {
  const regions = new Set(inputRegionsOf(one));
  return (
    inputRegionsOf(other).some((region) => regions.has(region)) ||
    (one.includeTravelers && !other.onlyNonTravelers) ||
    (other.includeTravelers && !one.onlyNonTravelers)
  );
}

/**
 * The padding minimum of a batch: the largest `minRecords` among the exports that share keys with it, directly or through
 * others. With one minimum for all of them, the first file that holds a key lifts every other that holds it as well.
 */
export function paddingMinimum(config: ExportConfig, others: readonly ExportConfig[]): number {
  const reached = [config];
  for (const one of reached)
    for (const other of others)
      if (!reached.includes(other) && sharesKeys(one, other)) reached.push(other);
  return Math.max(...reached.map((one) => one.minRecords));
}
