import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGES = globSync(['{libs,services,tools}/*/package.json', 'test/stand-ins/package.json'], {
  cwd: ROOT,
}).map(dirname);
const IMPORT = /import \{([^}]*)\} from '([^']+)';/g;

const pageOf = (room: string): string => readFileSync(join(ROOT, room, 'README.md'), 'utf8');

describe.each(PACKAGES)('the page of %s', (room) => {
  it('is there, and says more than a name', () => {
    expect(pageOf(room).split('\n').length).toBeGreaterThanOrEqual(10);
  });

  it('imports in its example only what there is', async () => {
    for (const [, names = '', specifier = ''] of pageOf(room).matchAll(IMPORT)) {
      const exported = (await import(specifier)) as object;
      for (const name of names.split(',').map((one) => one.trim()))
        if (!name.startsWith('type ')) expect(Object.keys(exported)).toContain(name);
    }
  });
});
