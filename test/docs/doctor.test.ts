import { CHECK_GROUPS } from '@keyserver/doctor';
import { textOf } from './pages.ts';

const [, tables = ''] = textOf('docs/doctor.md').split('\n## All checks\n');
const sections = tables.split('\n### ').slice(1);

/** The cells of the rows of a section, below the head of its table. */
const rowsIn = (section: string): readonly (readonly string[])[] =>
  section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

it('has a section for each group of checks of the doctor', () => {
  expect(sections.map((section) => section.split('\n')[0])).toEqual(
    CHECK_GROUPS.map(({ name }) => name),
  );
});

it.each(CHECK_GROUPS.map(({ name, checks }, n) => [name, checks, n] as const))(
  'says of each check of %s what it says itself',
  (_name, checks, n) => {
    expect(rowsIn(sections[n] ?? '')).toEqual(
      checks.map(({ id, about, why, mend }) => [`\`${id}\``, about, why, mend]),
    );
  },
);
