import { readFileSync } from 'node:fs';
import { keyserver } from '../testing/run-cli.ts';
import { type Load, PRICES, monthlyCost } from './arithmetic.ts';

const page = readFileSync(new URL('../../../../docs/scaling.md', import.meta.url), 'utf8');
const cost = async (...argv: readonly string[]) => await keyserver(['cost', ...argv]);
const total = (load: Load): number =>
  monthlyCost(load).reduce((sum, { dollars }) => sum + dollars, 0);
const load = { uploads: 20_000, downloads: 1_000_000, polls: 1_000_000, archiveBytes: 25_000 };

describe('cost', () => {
  it('prints what the page on scaling shows', async () => {
    const rows = page.matchAll(/^\| `npx keyserver (cost [^`]+)` +\|.*\| +([\d,]+) +\|$/gm);
    const shown = [...rows].map(([, line = '', dollars = '']) => [line, dollars] as const);
    expect(shown.length).toBeGreaterThanOrEqual(3);
    for (const [line, dollars] of shown) {
      const { code, out } = await keyserver(line.split(' '));
      expect([code, /\nall of it +([\d,]+)/.exec(out)?.[1]]).toEqual([0, dollars]);
    }
  });

  it('counts traffic by its bytes, and uploads by their documents', () => {
    const more = total({ ...load, downloads: load.downloads + 1 }) - total(load);
    const bytes = (25_000 * 30 * (PRICES.cdnGib + PRICES.balancerGib)) / 2 ** 30;
    expect(more).toBeCloseTo(bytes + 30 * PRICES.cdnRequest, 9);
    const upload = total({ ...load, uploads: load.uploads + 1 }) - total(load);
    expect(upload).toBeGreaterThan(30 * 3 * PRICES.write);
  });

  it('prints JSON with the same total', async () => {
    const { out } = await cost('--uploads', '20000', '--downloads', '1000000', '--json');
    const printed = JSON.parse(out) as { total: number; peaks: object[] };
    expect(printed.total).toBeCloseTo(total(load), 9);
    expect(printed.peaks).toHaveLength(4);
  });

  it.each([
    [['--uploads', '1']],
    [['--downloads', '1']],
    [['--uploads', '-1', '--downloads', '1']],
    [['--uploads', '1.5', '--downloads', '1']],
    [['--uploads', 'many', '--downloads', '1']],
    [['--uploads', '2000000001', '--downloads', '1']],
    [['--uploads', '1', '--downloads', '1', '--polls', 'x']],
  ])('refuses %p', async (argv) => {
    const { code, out, err } = await cost(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^keyserver: /);
  });
});
