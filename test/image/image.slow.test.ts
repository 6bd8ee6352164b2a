import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Built, digestOf, pathsBelow } from '@keyserver/image';
import { type Builder, IMAGES, openBuilder, sourceTime } from './build-images.ts';
import { type Cloud, runImage, startCloud } from './production.ts';

const SERVICES = IMAGES.filter((name) => name !== 'keyserver');
// Trust makes the data key that publish needs.
const IN_ORDER = ['trust', ...SERVICES.filter((name) => name !== 'trust')];

interface Bill {
  readonly components: readonly { readonly purl: string }[];
}

let builder: Builder;
let cloud: Cloud;
beforeAll(async () => {
  builder = openBuilder();
  cloud = await startCloud();
  builder.build('trust'); // everything is installed and compiled with the first
}, 900_000);
afterAll(async () => {
  await cloud.close();
  builder.remove();
});

/** The digest of an image; the compile cache is not written where it belongs to another user, and here to the same. */
const digest = ({ folder }: Built, left: readonly string[] = []): string =>
  digestOf(folder, { latest: Number(sourceTime()), left });

const packagesOf = ({ folder }: Built): readonly string[] => {
  const bill = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8')) as Bill;
  return bill.components.map(({ purl }) => purl.replace(/^pkg:npm\//, '').replace(/@[^@]*$/, ''));
};

describe.each(IN_ORDER)('the image of %s', (service) => {
  it('answers with the settings of production, writes nothing, and ends when it is told', async () => {
    const image = builder.build(service);
    const before = digest(image, ['compile-cache']);
    const running = await runImage(image, cloud);
    try {
      if (service === 'trust') await rotateKeys(running.url);
      const health = await fetch(`${running.url}/health`);
      expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    } finally {
      const { code, printed, left } = await running.stop();
      expect({ code, left, printed: code === 0 ? '' : printed }).toEqual({
        ...{ code: 0, left: [], printed: '' },
      });
    }
    expect(digest(image, ['compile-cache'])).toBe(before);
    expect(image.user).toBe('node');
    expect(packagesOf(image)).not.toContain('typescript');
    expect(pathsBelow(image.folder).filter((path) => path.includes('stand-ins'))).toEqual([]);
  });
});

async function rotateKeys(url: string): Promise<void> {
  const headers = await cloud.caller();
  expect((await fetch(`${url}/rotate-keys`, { method: 'POST', headers })).status).toBe(200);
}

describe('an image', () => {
  it('comes out the same when it is built again', () => {
    const first = digest(builder.build('publish'));
    expect(digest(builder.build('publish'))).toBe(first);
    expect(digest(builder.build('trust'))).not.toBe(first);
  });

  it('has the compiled code of what it loads', () => {
    const { folder, environment } = builder.build('publish');
    const cache = join(folder, 'compile-cache');
    expect(environment['NODE_COMPILE_CACHE']).toBe(cache);
    expect(existsSync(cache) && pathsBelow(cache).length).toBeGreaterThan(500);
  });

  it('of the command line runs a command', () => {
    const { folder, command, environment } = builder.build('keyserver');
    const [program = '', ...words] = command;
    const help = execFileSync(program, [...words, '--help'], {
      ...{ cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], ...environment } },
    });
    expect(help).toContain('doctor');
  });

  it('is not built of what is no service', () => {
    expect(() => builder.build('../tools/demo')).toThrow('SERVICE must be a folder of services/');
  });
});
