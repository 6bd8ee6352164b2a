import { cpSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { billOfMaterials, readLockFile } from './bill-of-materials.ts';
import { type Reached, folderOf, manifestIn, reachedFrom } from './reached.ts';

/** Of our own packages an image has what runs. */
const RUNS = /(\.js|\.json|\.proto)$/;
/** What packages bring along, and nothing reads at run time. */
const UNREAD = /\.(d\.[cm]?ts|[cm]?ts|map|md|markdown|flow)$/i;

/** Puts together what the image of a service has: `node assemble.ts SERVICE FOLDER SECONDS`, in the root of the compiled project. */
function assemble(service: string, to: string, sourceTime: number): void {
  const folder = folderOf('.', service);
  const packages = reachedFrom('.', folder);
  const lock = readLockFile(readFileSync('package-lock.json', 'utf8'));
  mkdirSync(to, { recursive: true });
  for (const one of packages) copy(one, to);
  const own = packages.filter((one) => one.own).map(({ name }) => name);
  const main = packages.find(({ from }) => from === folder)?.name ?? '';
  writeFileSync(join(to, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(to, 'main.js'), `await import('${main}/main');\n`);
  mkdirSync(join(to, 'compile-cache')); // the user of the image writes into it
  writeFileSync(join(to, 'warm.js'), readFileSync('tools/image/src/warm.js'));
  writeFileSync(join(to, 'own-packages.json'), `${JSON.stringify(own)}\n`);
  const bill = billOfMaterials(service, packages, { lock, sourceTime });
  writeFileSync(join(to, 'sbom.cdx.json'), bill);
  dateBack(to, sourceTime);
}

/** Our own packages lie in node_modules like all others, and their own node_modules below them, so each finds what it found here. */
function copy({ name, from, own }: Reached, to: string): void {
  const place = own ? join('node_modules', name) : placeInImage(from);
  cpSync(from, join(to, place), {
    recursive: true,
    filter: (path) => {
      const rest = path.slice(from.length);
      if (rest.includes('/node_modules')) return false; // each package is copied for itself
      if (!own) return !UNREAD.test(path);
      return RUNS.test(rest) || !basename(path).includes('.');
    },
  });
}

/** A package that npm put below one of ours stays below it. */
function placeInImage(from: string): string {
  const [before = '', ...after] = from.split('/node_modules/');
  if (after.length === 0 || before.startsWith('node_modules')) return from;
  const { name } = manifestIn(before);
  return ['node_modules', name, ...after.flatMap((one) => ['node_modules', one])].join('/');
}

/** Gives everything the time of the source, as https://reproducible-builds.org/specs/source-date-epoch/ asks for. */
function dateBack(folder: string, seconds: number): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (!entry.isSymbolicLink()) utimesSync(join(entry.parentPath, entry.name), seconds, seconds);
  utimesSync(folder, seconds, seconds);
}

const [service = '', to = '', seconds = ''] = process.argv.slice(2);
if (!/^\d{1,10}$/.test(seconds))
  throw new Error('SOURCE_DATE_EPOCH must be seconds since 1970, such as git log -1 --format=%ct');
assemble(service, to, Number(seconds));
