import {
  APPLE_ENVIRONMENTS,
  type AttestationPolicy,
  DEVICE_LABELS,
  MAX_CATEGORY,
} from '@keyserver/attestation';
import {
  type EntryCheck,
  checkOf,
  flag,
  group,
  list,
  orElse,
  text,
  whole,
} from './configuration-schema.ts';
import type { Problem } from './configuration.ts';
import { readYaml } from './read-yaml.ts';

const freshness = {
  maxAge: orElse(text('attestationAge'), '10m'),
  maxSkew: orElse(text('attestationSkew'), '1m'),
};

const certificates = list(text('certificateDigest'), 1, 20);

/** Checks and reads what an application accepts of each mechanism. */
const attestationPolicy: EntryCheck<AttestationPolicy> = checkOf(
  group({
    playIntegrity: group({
      package: text('androidPackage'),
      certificates,
      deviceLabels: orElse(list({ type: 'string', enum: DEVICE_LABELS }, 1, DEVICE_LABELS.length), [
        'MEETS_DEVICE_INTEGRITY',
      ]),
      allowUnrecognizedVersion: flag,
      minVersionCode: whole(1, Number.MAX_SAFE_INTEGER),
      ...freshness,
    }),
    appAttest: group({
      teamId: text('appleTeam'),
      bundleIds: list(text('bundleId'), 1, 20),
      environments: orElse(
        list({ type: 'string', enum: APPLE_ENVIRONMENTS }, 1, APPLE_ENVIRONMENTS.length),
        ['production'],
      ),
      categories: list(whole(1, MAX_CATEGORY), 1, MAX_CATEGORY),
      requireCategory: flag,
    }),
    safetyNet: group({
      package: text('androidPackage'),
      certificates,
      requireCtsProfile: orElse({ type: 'boolean' }, true),
      ...freshness,
    }),
  }),
);

/** A policy as read, or everything that is wrong with it. */
type ParsedPolicy =
  | { readonly kind: 'policy'; readonly value: AttestationPolicy }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Reads a file (YAML) that says what an application accepts; refuses it with every problem found, each with its path. */
export function parseAttestationPolicy(file: string): ParsedPolicy {
  const yaml = readYaml(file);
  if (yaml.kind === 'refused') return yaml;
  const checked = attestationPolicy(yaml.value, '');
  return checked.kind === 'refused' ? checked : { kind: 'policy', value: checked.entry };
}
