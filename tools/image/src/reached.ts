import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** One package that a service reaches. */
export interface Reached {
  readonly name: string;
  readonly version: string;
  /** Where it is: from the root of the project, without links, such as `node_modules/ajv` or `libs/time`. */
  readonly from: string;
  /** Of this project, rather than from npm. */
  readonly own: boolean;
  /** The SPDX name of its licence; undefined where it names none. */
  readonly license: string | undefined;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * All packages that the package in `folder` reaches by its dependencies, itself among them, sorted by place. What is only for
 * development is not followed. Throws an Error where a dependency is not installed.
 */
export function reachedFrom(root: string, folder: string): readonly Reached[] {
  const home = realpathSync(root);
  const found = new Map<string, Reached>();
  const open = [join(home, folder)];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const from = relative(home, place);
    if (found.has(from)) continue;
    const manifest = manifestIn(place);
    found.set(from, reachedAt(from, manifest));
    for (const { name, mayLack } of neededBy(manifest)) {
      const next = placeOf(name, place, home);
      if (next !== undefined) open.push(next);
      else if (!mayLack) throw new Error(`${name} is not installed, and ${from} needs it`);
    }
  }
  return [...found.values()].sort((a, b) => (a.from < b.from ? -1 : 1));
}

/** The folder of a service, or of the command line; throws an Error for what is neither. */
export function folderOf(root: string, service: string): string {
  const folder = service === 'keyserver' ? 'tools/keyserver' : `services/${service}`;
  if (/^[a-z][a-z-]*$/.test(service) && existsSync(join(root, folder, 'package.json')))
    return folder;
  throw new Error('SERVICE must be a folder of services/, or keyserver');
}

const reachedAt = (from: string, { name, version, license }: Manifest): Reached => ({
  ...{ name, version, from },
  own: !from.split('/').includes('node_modules'),
  license: typeof license === 'string' ? license : undefined,
});

function neededBy(manifest: Manifest): readonly { name: string; mayLack: boolean }[] {
  const optional = manifest.optionalDependencies ?? {};
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (name) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
  );
  return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(optional), ...peers].map(
    (name) => ({ name, mayLack: name in optional }),
  );
}

/** Where Node finds a package, as it looks from a folder upwards. */
function placeOf(name: string, from: string, home: string): string | undefined {
  for (let at = from; at.startsWith(home); at = dirname(at)) {
    const place = join(at, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) return realpathSync(place);
  }
  return undefined;
}

/** Reads the package.json of a folder; throws an Error for one without a name or version. */
export function manifestIn(place: string): Manifest {
  const manifest: unknown = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'));
  if (isManifest(manifest)) return manifest;
  throw new Error(`${place} has no package.json with a name and a version`);
}

const isManifest = (value: unknown): value is Manifest =>
  typeof value === 'object' && value !== null && 'name' in value && 'version' in value;
