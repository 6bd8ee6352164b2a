import { generateKeyPairSync } from 'node:crypto';
import { stringify } from 'yaml';
import type { Section, WholeConfiguration } from '../configuration.ts';
import { parseConfiguration } from '../parse-configuration.ts';
import { wholeOf } from '../usual-units.ts';

/** A new public key of a curve, as PEM. Tests only. */
export const aPublicKey = (namedCurve = 'P-256'): string =>
  generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

const publicKey = aPublicKey();
const from = '2024-01-01T00:00:00Z';

const BASE: Readonly<Record<Section, object>> = {
  authorities: {
    id: 1,
    issuer: 'https://authority.example',
    audience: 'keyserver',
    name: 'Authority of Example',
    keys: [{ version: 'v1', publicKey, from }],
  },
  apps: { id: 'org.example.app', regions: ['US'], authorities: [1] },
  signingKeys: { id: 'main', signingKey: 'export-1', keyId: '310', keyVersion: 'v1', from },
  exports: {
    id: 'us',
    bucket: 'exports',
    filenameRoot: 'v1',
    period: '4h',
    outputRegion: 'US',
    from,
    signingKeys: ['main'],
  },
  queries: {
    id: 'neighbour',
    server: 'keys.neighbour.example',
    audience: 'https://keys.neighbour.example/federation',
    from,
  },
  partners: {
    id: 'neighbour',
    issuer: 'https://issuer.example',
    subject: 'neighbour@example',
    audience: 'https://keys.example/federation',
    includeRegions: ['US'],
    from,
  },
};

/** One entry of a section that is right in every field but those given. Tests only. */
export const anEntry = (section: Section, fields: object = {}): object => ({
  ...BASE[section],
  ...fields,
});

/** The text of a file with one right entry in each section that is not given. Tests only. */
export const aFile = (sections: Readonly<Record<string, unknown>> = {}): string =>
  stringify(
    {
      authorities: [anEntry('authorities')],
      apps: [anEntry('apps')],
      signingKeys: [anEntry('signingKeys')],
      exports: [anEntry('exports')],
      ...sections,
    },
    { aliasDuplicateObjects: false },
  );

/** The configuration of such a file; without partners that are given there are none. Tests only. */
export function aConfiguration(
  sections: Partial<Record<Section, unknown>> = {},
): WholeConfiguration {
  const parsed = parseConfiguration(aFile(sections));
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return wholeOf(parsed.value);
}
