import { RECORD, RECORD_BYTES, REPORT_TYPE_CODE } from '@keyserver/exposure-keys';
import type { Layout } from '@keyserver/docstore';
import { allCollections } from '@keyserver/stores';
import { repositoryPaths, rowsOf, sectionOf, textOf } from './pages.ts';

const page = textOf('docs/data-model.md');

const declared = allCollections.map(({ layout }) => layout);

function indexesOf({ indexes, arrayIndex, expiry }: Layout): string {
  const listed = [
    ...indexes.map((index) => `(${index.map((name) => `\`${name}\``).join(', ')})`),
    ...(arrayIndex === undefined ? [] : [`array index on \`${arrayIndex}\``]),
  ];
  const indexText = listed.length === 0 ? 'none' : listed.join(', ');
  return `Indexes: ${indexText}. Expiry: ${expiry === undefined ? 'none' : `\`${expiry}\``}.`;
}

it('lists every collection that the stores declare among all collections', () => {
  const sources = repositoryPaths().filter((path) => /^libs\/.*(?<!\.test)\.ts$/u.test(path));
  const names = sources
    .filter((path) => !path.includes('/testing/'))
    .flatMap((path) => [...textOf(path).matchAll(/\bcollection\(\{\s*name: '(\w+)'/gu)])
    .map(([, name]) => name);
  expect(names.toSorted()).toEqual(declared.map(({ name }) => name).toSorted());
});

describe.each(declared)('$name', (layout) => {
  it('has the documented fields, of the documented kinds, in the stored order', () => {
    const rows = rowsOf(sectionOf(page, layout.name));
    expect(rows.map(([name, kind]) => `${name ?? ''} ${kind ?? ''}`)).toEqual(
      layout.fields.map(
        ({ name, kind, optional }) => `\`${name}\` ${kind}${optional ? ', optional' : ''}`,
      ),
    );
  });

  it('has the documented indexes and expiry', () => {
    expect(sectionOf(page, layout.name)).toContain(indexesOf(layout));
  });
});

it('documents the packed record to the byte', () => {
  const rows = rowsOf(sectionOf(page, 'The packed record'));
  const offsets = rows.filter(([offset]) => /^\d+$/u.test(offset ?? ''));
  const byName = Object.fromEntries(offsets.map(([offset, , name = '']) => [name, Number(offset)]));
  expect(byName).toEqual({ key: 0, ...RECORD });
  const bytes = offsets.reduce((sum, [, size]) => sum + Number(size), 0);
  expect(bytes).toBe(RECORD_BYTES);
});

it('documents the codes of report types', () => {
  const codes = rowsOf(sectionOf(page, 'The packed record')).filter(([name = '']) =>
    name.startsWith('report type '),
  );
  const byType = Object.fromEntries(
    codes.map(([name = '', code]) => [name.replaceAll(/report type |`|none/gu, ''), Number(code)]),
  );
  expect(byType).toEqual(REPORT_TYPE_CODE);
});
