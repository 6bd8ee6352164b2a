import type { Target } from '../search.ts';

/**
 * Everything that reads bytes of strangers, by what it reads. It is loaded when its turn comes: coverage is counted over all that is
 * loaded, and takes the longer the more that is.
 */
export const TARGETS: Readonly<Record<string, () => Promise<readonly Target[]>>> = {
  bytes: async () => (await import('./bytes.ts')).byteTargets,
  tokens: async () => (await import('./tokens.ts')).tokenTargets,
  certificates: async () => (await import('./certificates.ts')).certificateTargets,
  attestations: async () => await (await import('./attestations.ts')).attestationTargets(),
  files: async () => await (await import('./files.ts')).fileTargets(),
  configuration: async () => (await import('./configuration.ts')).configurationTargets,
  'key-sets': async () => (await import('./key-sets.ts')).keySetTargets,
  json: async () => (await import('./json.ts')).jsonTargets,
};
