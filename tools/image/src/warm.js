// Fills the compile cache of an image, in the folder of the image: `node --random-seed=1 --predictable warm.js FOLDER SECONDS`.
// It imports each package of ours, which imports what it needs of others, and starts nothing. With these two options V8 writes the
// same bytes each time, and programs without them still use the cache: V8 leaves both out of what it compares.
import { chmodSync, readFileSync, readdirSync, utimesSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

const [folder, seconds] = process.argv.slice(2);
enableCompileCache(folder);
const own = JSON.parse(readFileSync('own-packages.json', 'utf8'));
for (const name of own) {
  const { exports } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
  if (exports?.['.']?.default !== undefined) await import(name);
}
flushCompileCache();
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  chmodSync(path, entry.isDirectory() ? 0o755 : 0o644); // Node writes them for their owner alone
  utimesSync(path, Number(seconds), Number(seconds));
}
utimesSync(folder, Number(seconds), Number(seconds));
process.exit(0); // what was imported may wait for something
