import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import type { UnixMillis } from '@keyserver/time';
import type { Problem, Section } from './configuration.ts';
import { appEntry, authorityEntry, exportEntry, signingKeyEntry } from './configuration-schema.ts';
import type { EntryCheck } from './schema-check.ts';

/** An entry of the file that reads well, and where it stands. */
export interface Placed<T> {
  readonly path: string;
  readonly entry: T;
}

/** The entries of a file that read well, and the ids that any entry claims, so that a reference to a bad one is no second problem. */
export interface PlacedEntries {
  readonly authorities: readonly Placed<HealthAuthority>[];
  readonly apps: readonly Placed<AuthorizedApp>[];
  readonly signingKeys: readonly Placed<SigningKey>[];
  readonly exports: readonly Placed<ExportConfig>[];
  readonly claimed: {
    readonly authorities: ReadonlySet<unknown>;
    readonly signingKeys: ReadonlySet<unknown>;
  };
}

/** Reads every entry of a file on its own; what does not read well goes to `problems`. */
export function placeEntries(file: unknown, problems: Problem[]): PlacedEntries {
  const read = <T>(section: Section, check: EntryCheck<T>): readonly Placed<T>[] =>
    listIn(file, section).flatMap((value, n) => {
      const path = `${section}[${n}]`;
      const checked = check(value, path);
      if (checked.kind === 'entry') return [{ path, entry: checked.entry }];
      problems.push(...checked.problems);
      return [];
    });
  return {
    authorities: read('authorities', authorityEntry).map(({ path, entry }) => ({
      path,
      entry: { ...entry, keys: entry.keys.map(withEnd) },
    })),
    apps: read('apps', appEntry),
    signingKeys: read('signingKeys', signingKeyEntry).map(placedWithEnd),
    exports: read('exports', exportEntry).map(placedWithEnd),
    claimed: {
      authorities: idsIn(listIn(file, 'authorities')),
      signingKeys: idsIn(listIn(file, 'signingKeys')),
    },
  };
}

interface OpenEnd {
  readonly thru?: UnixMillis;
}

const withEnd = <T extends OpenEnd>(entry: T): T & { thru: UnixMillis | undefined } => ({
  ...entry,
  thru: entry.thru,
});

const placedWithEnd = <T extends OpenEnd>({
  path,
  entry,
}: Placed<T>): Placed<T & { thru: UnixMillis | undefined }> => ({ path, entry: withEnd(entry) });

function listIn(file: unknown, section: Section): readonly unknown[] {
  const list = memberOf(file, section);
  return Array.isArray(list) ? list : [];
}

const idsIn = (entries: readonly unknown[]): ReadonlySet<unknown> =>
  new Set(entries.map((entry) => memberOf(entry, 'id')));

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
