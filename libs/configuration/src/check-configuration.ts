import type { Problem } from './configuration.ts';
import type { Placed, PlacedEntries } from './placed-entries.ts';

/** The rules between fields and between entries: unique names, references that exist, times in order. */
export function checkConfiguration(file: PlacedEntries): readonly Problem[] {
  const keys = file.authorities.flatMap(({ path, entry }) =>
    entry.keys.map((key, n) => ({ path: `${path}.keys[${n}]`, entry: key, of: path })),
  );
  return [
    ...repeats(file.authorities, 'id', ({ id }) => String(id)),
    ...repeats(file.authorities, 'issuer', ({ issuer }) => issuer),
    ...repeats(keys, 'version', ({ version }, { of }) => `${of} ${version}`),
    ...repeats(file.apps, 'id', ({ id }) => id),
    ...repeats(file.signingKeys, 'id', ({ id }) => id),
    ...repeats(file.signingKeys, 'keyVersion', (key) => `${key.keyId} ${key.keyVersion}`),
    ...repeats(file.exports, 'id', ({ id }) => id),
    ...repeats(file.exports, 'filenameRoot', (config) =>
      `${config.bucket} ${config.filenameRoot}`.toLowerCase(),
    ),
    ...[...keys, ...file.signingKeys, ...file.exports].flatMap(endsAfterStart),
    ...unknownReferences(file),
    ...file.exports.flatMap(travelersOnceOnly),
  ];
}

function repeats<T, P extends Placed<T>>(
  placed: readonly P[],
  field: string,
  identity: (entry: P['entry'], at: P) => string,
): readonly Problem[] {
  const first = new Map<string, string>();
  return placed.flatMap((at) => {
    const key = identity(at.entry, at);
    const before = first.get(key);
    if (before === undefined) first.set(key, at.path);
    return before === undefined
      ? []
      : [
          {
            path: `${at.path}.${field}`,
            message: `${REPEATED[field] ?? 'is the same as'} ${before}`,
          },
        ];
  });
}

const REPEATED: Readonly<Record<string, string>> = {
  filenameRoot: 'with this bucket is the same, but for letter case, as in',
  keyVersion: 'with this keyId is the same as in',
};

function endsAfterStart({
  path,
  entry,
}: Placed<{ readonly from: number; readonly thru: number | undefined }>): readonly Problem[] {
  return entry.thru === undefined || entry.thru > entry.from
    ? []
    : [{ path: `${path}.thru`, message: 'must be after from' }];
}

function unknownReferences({ apps, exports, claimed }: PlacedEntries): readonly Problem[] {
  return [
    ...apps.flatMap(({ path, entry }) =>
      missing(`${path}.authorities`, entry.authorities, claimed.authorities, 'authority'),
    ),
    ...exports.flatMap(({ path, entry }) =>
      missing(`${path}.signingKeys`, entry.signingKeys, claimed.signingKeys, 'signing key'),
    ),
  ];
}

const missing = (
  path: string,
  ids: readonly (string | number)[],
  known: ReadonlySet<unknown>,
  kind: string,
): readonly Problem[] =>
  ids.flatMap((id, n) =>
    known.has(id)
      ? []
      : [{ path: `${path}[${n}]`, message: `names ${kind} ${id}, which this file lacks` }],
  );

const travelersOnceOnly = ({
  path,
  entry,
}: PlacedEntries['exports'][number]): readonly Problem[] =>
  entry.includeTravelers && entry.onlyNonTravelers
    ? [{ path: `${path}.onlyNonTravelers`, message: 'excludes includeTravelers; choose one' }]
    : [];
