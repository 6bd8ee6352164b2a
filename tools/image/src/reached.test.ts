import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { billOfMaterials, folderOf, reachedFrom, readLockFile } from './index.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyserver-reached-'));
  put('services/one', { dependencies: { a: '1', own: '1' }, devDependencies: { tool: '1' } });
  put('node_modules/own', { name: 'own' });
  put('node_modules/a', { dependencies: { b: '1' }, optionalDependencies: { away: '1' } });
  put('node_modules/b', { version: '1.0.0' });
  put('node_modules/tool', {});
  put('node_modules/a/node_modules/b', { version: '2.0.0' });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(place: string, manifest: object): void {
  mkdirSync(join(root, place), { recursive: true });
  const whole = { name: place.split('/').at(-1), version: '1.0.0', ...manifest };
  writeFileSync(join(root, place, 'package.json'), JSON.stringify(whole));
}
const placesOf = () => reachedFrom(root, 'services/one').map(({ from }) => from);

describe('what a service reaches', () => {
  it('is what Node would find, without what is for development or not installed by choice', () => {
    expect(placesOf()).toEqual([
      ...['node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/own', 'services/one'],
    ]);
  });

  it('must be installed', () => {
    put('node_modules/b', { dependencies: { gone: '1' } });
    put('node_modules/own', { dependencies: { b: '1' } });
    expect(placesOf).toThrow('gone is not installed, and node_modules/b needs it');
  });

  it.each(['two', '../one', 'One', '', 'one/..'])('is not of "%s", which is no service', (name) => {
    expect(() => folderOf(root, name)).toThrow('SERVICE must be');
  });
});

describe('the bill of materials', () => {
  const lockOf = (packages: Record<string, object>) => readLockFile(JSON.stringify({ packages }));
  const bill = (packages: Record<string, object>) =>
    billOfMaterials('one', [reachedFrom(root, 'services/one')[0]!], {
      ...{ lock: lockOf(packages), sourceTime: 1 },
    });

  it('names each package with the digest of its archive, and the time of the source', () => {
    expect(JSON.parse(bill({ 'node_modules/a': { integrity: 'sha512-AQI=' } }))).toMatchObject({
      metadata: { timestamp: '1970-01-01T00:00:01.000Z' },
      components: [{ purl: 'pkg:npm/a@1.0.0', hashes: [{ alg: 'SHA-512', content: '0102' }] }],
    });
  });

  it('refuses what the lock file does not have, or has for development, and a lock file of old', () => {
    expect(() => bill({})).toThrow('node_modules/a is not in the lock file');
    expect(() => bill({ 'node_modules/a': { dev: true } })).toThrow('for development alone');
    expect(() => readLockFile('{}')).toThrow('version 2 or later');
  });
});
