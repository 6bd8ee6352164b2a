import type { Section } from './configuration.ts';

const FROM_COVERED = 'takes effect from where the export has covered until';
const MOVES = `${FROM_COVERED}; files written before stay under the old name`;
const KNOWN_TO_PHONES = 'phones must know the new key before it signs';

const NOTES: Readonly<Record<Section, ReadonlyMap<string, string>>> = {
  authorities: new Map([['issuer', 'certificates of the old issuer are refused from now on']]),
  apps: new Map(),
  signingKeys: new Map([
    ['signingKey', KNOWN_TO_PHONES],
    ['keyId', KNOWN_TO_PHONES],
    ['keyVersion', KNOWN_TO_PHONES],
  ]),
  exports: new Map([
    ['period', FROM_COVERED],
    ['outputRegion', FROM_COVERED],
    ['inputRegions', FROM_COVERED],
    ['excludeRegions', FROM_COVERED],
    ['includeTravelers', FROM_COVERED],
    ['onlyNonTravelers', FROM_COVERED],
    ['bucket', MOVES],
    ['filenameRoot', MOVES],
  ]),
};

/** What an operator should know before editing a field, such as when the edit takes effect. */
export const noteOn = (section: Section, field: string): string | undefined =>
  NOTES[section].get(field);
