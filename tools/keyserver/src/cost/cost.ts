import type { Command } from 'commander';
import { exampleOf, wholeNumber } from '../options.ts';
import { jsonText, table } from '../render.ts';
import type { CommandContext } from '../terminal.ts';
import { type Item, type Load, monthlyCost, peaks } from './arithmetic.ts';

/** Uploads of one day at 10,000 a second are 864 million. */
const MOST = 2_000_000_000;
/** How often a phone asks for the index for each archive that it downloads. */
const POLLS = 1;

interface CostOptions extends Omit<Load, 'polls'> {
  readonly polls?: number;
  readonly json?: true;
}

/** `cost`: what a load costs on Google Cloud in a month, at list prices. */
export function addCost(program: Command, { terminal }: CommandContext): void {
  const count = wholeNumber({ min: 0, max: MOST });
  program
    .command('cost')
    .description('Estimate what a server on Google Cloud costs in 30 days, at list prices.')
    .requiredOption('--uploads <number>', 'uploads a day', count)
    .requiredOption('--downloads <number>', 'archives that phones download in a day', count)
    .option('--polls <number>', 'requests for the index a day; as many as downloads', count)
    .option('--archive-bytes <number>', 'bytes of an archive', count, 25_000)
    .option('--json', 'print JSON')
    .addHelpText('after', exampleOf('cost --uploads 20000 --downloads 60000000'))
    .action((options: CostOptions) => {
      const load = { ...options, polls: options.polls ?? options.downloads * POLLS };
      const items = monthlyCost(load);
      const total = items.reduce((sum, { dollars }) => sum + dollars, 0);
      if (options.json === true) terminal.out(jsonText({ items, total, peaks: peaks(load) }));
      else terminal.out(`${bill(items, total)}\n${quotas(peaks(load))}`);
    });
}

const number = (n: number): string => Math.round(n).toLocaleString('en-US');

const bill = (items: readonly Item[], total: number): string =>
  table(
    ['IN 30 DAYS', 'AMOUNT', 'UNIT', 'US$'],
    [
      ...items.map((one) => [one.what, number(one.amount), one.unit, number(one.dollars)]),
      ['all of it', '', '', number(total)],
    ],
  );

const quotas = (items: readonly Item[]): string =>
  table(
    ['IN THE BUSIEST SECOND', 'AMOUNT', 'UNIT'],
    items.map(({ what, amount, unit }) => [what, number(amount), unit]),
  );
