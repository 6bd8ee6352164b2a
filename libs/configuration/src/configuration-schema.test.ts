import {
  authorizedApps,
  exportConfigs,
  federationQueries,
  healthAuthorities,
  partners,
  signingKeys,
} from '@keyserver/stores';
import type { Section } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { aFile, anEntry } from './testing/index.ts';

/** Where the entries of each part of a file are stored. */
const STORED = {
  authorities: healthAuthorities,
  apps: authorizedApps,
  signingKeys,
  exports: exportConfigs,
  queries: federationQueries,
  partners,
} satisfies Record<Section, object>;

const fieldsOf = Object.entries(STORED).flatMap(([section, { layout }]) =>
  ['id', ...layout.fields.map(({ name }) => name)].map((field) => [section, field] as const),
);

/** What a file is told of a field that nothing may be. */
function toldOf(section: string, field: string): readonly string[] {
  const entry = anEntry(section as Section, { [field]: null });
  const parsed = parseConfiguration(aFile({ [section]: [entry] }));
  const problems = parsed.kind === 'refused' ? parsed.problems : [];
  const path = `${section}[0].${field}`;
  return problems.filter((one) => one.path === path).map(({ message }) => message);
}

it.each(fieldsOf)('the schema of %s knows the field %s, which is stored', (section, field) => {
  const told = toldOf(section, field);
  expect(told.length).toBeGreaterThan(0);
  for (const message of told) expect(message).toMatch(/^must be /);
});

it.each(Object.keys(STORED))('the schema of %s knows nothing that is not stored', (section) => {
  expect(toldOf(section, 'whatever')).toEqual(['is not a known field']);
});
