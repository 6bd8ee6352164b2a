// Writes the protobuf code of every message from proto/ into the package that reads it. The output is committed and depends
// on nothing but the .proto file, the pinned generator and this script, so that CI can write it again and compare.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pbjs } from 'protobufjs-cli';

const JOBS = [
  // Read only: the encoder of archives is code of our own.
  { proto: 'export', folder: 'libs/export-file/src/generated', flags: ['--no-encode'] },
  { proto: 'token', folder: 'libs/revision-token/src/generated', flags: [] },
  { proto: 'federation', folder: 'libs/federation/src/generated', flags: [] },
];
const FLAGS =
  '-t static-module -w esm --dts --force-number --null-defaults ' +
  '--no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

for (const { proto, folder, flags } of JOBS) {
  const source = `proto/${proto}.proto`;
  const code = `${folder}/${proto}.js`;
  await mkdir(dirname(code), { recursive: true });
  await promisify(pbjs.main)([
    ...FLAGS.split(' '),
    ...flags,
    '--root',
    proto,
    '--out',
    code,
    source,
  ]);
  for (const file of [code, `${folder}/${proto}.d.ts`]) {
    const written = await readFile(file, 'utf8');
    // With --force-number nothing uses this import, and the package it names is not ours to depend on.
    const needed = written.replace('import Long = require("long");\n', '');
    await writeFile(file, `// Generated from ${source}, never edited.\n${needed}`);
  }
}
