import { COUNTERS, HISTOGRAMS, INSTANTS } from '@keyserver/telemetry/testing';
import { rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/observability.md');
const wordsIn = (cell = ''): readonly string[] => cell.match(/[^`, ]+/gu) ?? [];
const rowsUnder = (heading: string): readonly (readonly string[])[] =>
  rowsOf(sectionOf(page, heading));
const INSTRUMENTS = { ...COUNTERS, ...HISTOGRAMS, ...INSTANTS };

const kindOf = (name: string): string =>
  name in COUNTERS ? 'counter' : name in HISTOGRAMS ? 'histogram' : 'gauge';

it('lists every figure with its kind, unit and labels as the code declares them', () => {
  const listed = rowsUnder('Figures').filter(([name = '']) => name.startsWith('`keyserver_'));
  const declared = Object.entries(INSTRUMENTS).map(([name, { unit, labels }]) => [
    ...[name, kindOf(name), unit],
    labels,
  ]);
  expect(
    listed.map(([name, kind, unit, labels]) => [
      ...[wordsIn(name)[0], kind, wordsIn(unit)[0]],
      wordsIn(labels),
    ]),
  ).toEqual(expect.arrayContaining(declared));
  expect(listed).toHaveLength(declared.length);
});

it('explains every label, and no other', () => {
  const explained = rowsUnder('Labels').map(([label]) => wordsIn(label)[0]);
  const used = Object.values(INSTRUMENTS).flatMap(({ labels }) => [...labels]);
  expect(new Set(explained)).toEqual(new Set(used));
});

it('names only figures that there are', () => {
  for (const [name] of page.matchAll(/keyserver_[a-z_]+/gu)) {
    const bare = name.replace(/_(bucket|count|sum)$/u, '');
    expect(Object.keys(INSTRUMENTS)).toContain(bare);
  }
});
