import { readFileSync, readdirSync } from 'node:fs';
import { renderedIndexes } from '../../terraform/rendered-indexes.ts';
import { renderedAlarms, renderedJobs, renderedMetrics } from '../../terraform/rendered-tables.ts';
import { EXAMPLES } from './examples.ts';

const terraform = new URL('../../terraform/', import.meta.url);

it.each([
  ['firestore-indexes.json', renderedIndexes],
  ['jobs.json', renderedJobs],
  ['monitoring/metrics.json', renderedMetrics],
  ['monitoring/alarms.json', renderedAlarms],
])('%s is as the code declares it', (file, rendered) => {
  expect(readFileSync(new URL(file, terraform), 'utf8')).toBe(rendered());
});

it('plans every example', () => {
  const { root: _, ...planned } = EXAMPLES;
  expect(readdirSync(new URL('examples', terraform)).toSorted()).toEqual(Object.keys(planned));
});

it('shows no example in the docs that is not among them', () => {
  const page = readFileSync(new URL('../docs/deployment-options.md', terraform), 'utf8');
  const shown = [...page.matchAll(/examples\/(\w+)\/main\.tf/gu)].map(([, name = '']) => name);
  expect(new Set(shown)).toEqual(new Set(['minimal', 'production']));
});
