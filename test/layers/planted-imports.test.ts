import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'coverage', '.data']);

/** A file of each room, and what it may not import. One that a test imports is a file of tests. */
const PLANTED: readonly (readonly [file: string, forbidden: string])[] = [
  ['libs/time/src/planted.ts', 'libs/log/src/index.ts'],
  ['libs/random/src/planted.ts', 'libs/config/src/index.ts'],
  ['libs/exposure-keys/src/planted.ts', 'libs/docstore/src/index.ts'],
  ['libs/exposure-keys/src/planted-file.ts', 'node:fs'],
  ['libs/health-authority/src/planted.ts', 'libs/service/src/index.ts'],
  ['libs/health-authority/src/planted-network.ts', 'node:net'],
  ['libs/revision-token/src/planted.ts', 'libs/stores/src/index.ts'],
  ['libs/export-file/src/planted.ts', 'libs/cloud-kms/src/index.ts'],
  ['libs/log/src/planted.ts', 'libs/exposure-keys/src/index.ts'],
  ['libs/config/src/planted.ts', 'libs/stores/src/index.ts'],
  ['libs/jobs/src/planted.ts', 'libs/docstore/src/index.ts'],
  ['libs/service/src/planted.ts', 'services/publish/src/app.ts'],
  ['libs/docstore/src/planted.ts', 'libs/exposure-keys/src/index.ts'],
  ['libs/stores/src/planted.ts', 'libs/sqlite/src/index.ts'],
  ['libs/configuration/src/planted.ts', 'libs/service/src/index.ts'],
  ['libs/data-transfer/src/planted.ts', 'libs/local/src/index.ts'],
  ['libs/scheduled-jobs/src/planted.ts', 'libs/cloud-scheduler/src/index.ts'],
  ['libs/operations/src/planted.ts', 'tools/keyserver/src/program.ts'],
  ['libs/sqlite/src/planted.ts', 'libs/stores/src/index.ts'],
  ['libs/local/src/planted.ts', 'libs/firestore/src/index.ts'],
  ['libs/firestore/src/planted.ts', 'libs/local/src/index.ts'],
  ['libs/firestore/src/planted-service.ts', 'libs/service/src/index.ts'],
  ['libs/cloud-storage/src/planted.ts', 'libs/operations/src/index.ts'],
  ['libs/cloud-kms/src/planted.ts', 'libs/cloud-storage/src/index.ts'],
  ['libs/cloud-kms/src/planted-client.ts', '@google-cloud/storage'],
  ['libs/cloud-identity/src/planted.ts', 'libs/stores/src/index.ts'],
  ['libs/cloud-scheduler/src/planted.ts', 'libs/scheduled-jobs/src/index.ts'],
  ['libs/platform/src/planted.ts', 'libs/cloud-scheduler/src/index.ts'],
  ['libs/platform/src/planted-engine.ts', 'libs/sqlite/src/index.ts'],
  ['services/publish/src/planted.ts', 'libs/firestore/src/index.ts'],
  ['services/publish/src/planted-platform.ts', 'libs/platform/src/index.ts'],
  ['services/trust/src/wiring.ts', 'libs/cloud-kms/src/index.ts'],
  ['services/publish/src/wiring-planted.ts', 'services/export/src/app.ts'],
  ['services/export/src/planted.ts', 'libs/local/src/index.ts'],
  ['services/export/src/planted-fake.ts', 'libs/log/src/testing/index.ts'],
  ['tools/keyserver/src/planted.ts', 'libs/cloud-kms/src/index.ts'],
  ['tools/launcher/src/planted.ts', 'test/stand-ins/in-thread.ts'],
  ['tools/demo/src/planted.ts', 'libs/sqlite/src/index.ts'],
  ['bench/planted.ts', 'tools/keyserver/src/program.ts'],
  ['docs/planted.ts', 'libs/local/src/index.ts'],
  ['terraform/planted.ts', 'libs/cloud-kms/src/index.ts'],
  ['libs/a-room-without-a-row/src/planted.ts', 'libs/time/src/index.ts'],
  ['libs/time/src/planted.test.ts', 'libs/stores/src/index.ts'], // which its package.json does not name
  ['libs/stores/src/planted-package.ts', 'jose'], // nor this one
];

let copy = '';
let refused: readonly { readonly from: string; readonly to: string }[] = [];

const importOf = (file: string, forbidden: string): string =>
  forbidden.includes('/src/') || forbidden.startsWith('test/')
    ? relative(dirname(file), forbidden).replace(/^(?!\.)/, './')
    : forbidden;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'keyserver-planted-'));
  const isKept = (path: string): boolean =>
    !relative(ROOT, path)
      .split('/')
      .some((part) => LEFT_OUT.has(part));
  cpSync(ROOT, copy, { recursive: true, filter: isKept });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, forbidden] of PLANTED) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), `import '${importOf(file, forbidden)}';\n`);
  }
  const cruiser = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const files = PLANTED.map(([file]) => file);
  const output = join(copy, 'cruised.json');
  const { stderr } = spawnSync(
    process.execPath,
    // What the planted files import is enough: no rule asks for what is imported further on.
    [cruiser, '--max-depth', '1', '--output-type', 'json', '--output-to', output, ...files],
    { cwd: copy, encoding: 'utf8' },
  );
  if (stderr !== '') throw new Error(stderr);
  const { summary } = JSON.parse(await readFile(output, 'utf8')) as {
    summary: { violations: { from: string; to: string }[] };
  };
  refused = summary.violations;
});
afterAll(async () => {
  await rm(copy, { recursive: true });
});

it.each(PLANTED)('%s may not import %s', (file, forbidden) => {
  const violations = refused.filter(({ from }) => from === file);
  const wanted = forbidden.replace('node:', '');
  expect(violations.map(({ to }) => to)).toContainEqual(expect.stringContaining(wanted));
});
