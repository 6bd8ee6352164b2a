import type { Reached } from './reached.ts';

/** What a lock file says of the packages in node_modules, by their places. */
interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly integrity?: string }>
  >;
}

/** Reads a lock file; throws an Error for one of a version that names no places. */
export function readLockFile(text: string): LockFile {
  const lock: unknown = JSON.parse(text);
  if (isLockFile(lock)) return lock;
  throw new Error('package-lock.json must be of version 2 or later');
}

const isLockFile = (value: unknown): value is LockFile =>
  typeof value === 'object' && value !== null && 'packages' in value;

/**
 * The packages of an image as CycloneDX 1.6 in JSON (https://cyclonedx.org/docs/1.6/json/). It has no serial number, and its time is
 * that of the source, in seconds since 1970, so that it comes out the same each time. Throws an Error for a package that the lock
 * file does not have, or has for development alone.
 */
export function billOfMaterials(
  service: string,
  packages: readonly Reached[],
  { lock, sourceTime }: { readonly lock: LockFile; readonly sourceTime: number },
): string {
  const timestamp = new Date(sourceTime * 1000).toISOString();
  const bill = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp, component: { type: 'application', name: service } },
    components: packages.map((one) => componentOf(one, lock)),
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

function componentOf({ name, version, from, own, license }: Reached, lock: LockFile): object {
  const locked = lock.packages[from];
  if (locked === undefined) throw new Error(`${from} is not in the lock file`);
  if (!own && locked.dev === true) throw new Error(`${from} is for development alone`);
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': `${purl}#${from}`,
    ...(group === undefined ? {} : { group }),
    name: short,
    version,
    purl,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(locked.integrity === undefined ? {} : { hashes: hashesOf(locked.integrity) }),
  };
}

/** The digests of an archive from the registry (https://www.w3.org/TR/SRI/), in hexadecimal digits. */
const hashesOf = (integrity: string): readonly object[] =>
  integrity.split(' ').map((one) => {
    const [algorithm = '', digest = ''] = one.split(/-(.*)/);
    const alg = algorithm.toUpperCase().replace('SHA', 'SHA-');
    return { alg, content: Buffer.from(digest, 'base64').toString('hex') };
  });
