import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '@keyserver/random/testing';
import { unixMillis } from '@keyserver/time';
import { fromBufferPromise } from 'yauzl';
import { archiveName, writeArchive } from './archive.ts';
import { readArchive } from './read-export.ts';
import { Findings } from './violation.ts';

const BIN = [Buffer.from('EK Export v1    '), Buffer.from('contents')];
const SIG = Buffer.from('signatures');

async function collect(archive: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) pieces.push(piece);
  return Buffer.concat(pieces);
}

it('holds export.bin and export.sig, deflated, in this order and under one fixed date', async () => {
  const zip = await fromBufferPromise(await collect(writeArchive(() => BIN, SIG)));
  const entries = [];
  for await (const entry of zip.eachEntry())
    entries.push([
      entry.fileName,
      entry.compressionMethod,
      entry.getLastModDate({ timezone: 'UTC' }).toISOString(),
    ]);
  expect(entries).toEqual([
    ['export.bin', 8, '1980-01-01T00:00:00.000Z'],
    ['export.sig', 8, '1980-01-01T00:00:00.000Z'],
  ]);
});

it('unpacks to what was packed', async () => {
  const findings = new Findings();
  const archive = await collect(writeArchive(() => BIN, SIG));
  const { bin, sig } = await readArchive(archive, findings);
  expect([bin, sig]).toEqual([Buffer.concat(BIN), SIG]);
  expect(findings.list()).toEqual([]);
});

it('is the same every time', async () => {
  const [once, again] = [
    await collect(writeArchive(() => BIN, SIG)),
    await collect(writeArchive(() => BIN, SIG)),
  ];
  expect(once.equals(again)).toBe(true);
});

/** Bytes that deflate cannot make fewer, however often they are repeated: it looks back over 32 kB only. */
const NOISE = seededRandom('noise').bytes(65_536);

it('takes no more of export.bin than its reader has room for', async () => {
  let taken = 0;
  const endless = function* (): Generator<Uint8Array> {
    for (; ; taken++) yield NOISE;
  };
  const archive = writeArchive(endless, SIG)[Symbol.asyncIterator]();
  await archive.next();
  for (let n = 0; n < 50_000 && taken < 64; n++) await setImmediate();
  // What is on its way fills two megabytes of buffers, and never more, however long nobody reads.
  expect(taken).toBeLessThan(64);
  await archive.return();
});

it('stops taking when its reader goes away', async () => {
  const went = { ended: false };
  const endless = function* (): Generator<Uint8Array> {
    try {
      for (;;) yield NOISE;
    } finally {
      went.ended = true;
    }
  };
  for await (const piece of writeArchive(endless, SIG)) if (piece.length > 0) break;
  for (let n = 0; n < 50 && !went.ended; n++) await setImmediate();
  expect(went.ended).toBe(true);
});

it('fails when export.bin cannot be made to its end', async () => {
  const broken = function* (): Generator<Uint8Array> {
    yield BIN[0]!;
    throw new Error('broken record');
  };
  await expect(collect(writeArchive(broken, SIG))).rejects.toThrow('broken record');
});

describe('names', () => {
  const name = (root: string, start: number, end: number, [n, attempt]: [number, number]): string =>
    archiveName(root, { start: unixMillis(start * 1000), end: unixMillis(end * 1000), attempt }, n);

  it.each([
    [name('v1', 0, 0, [1, 0]), 'v1/0-0-00001.zip'],
    [name('v1', 0, 0, [2, 2]), 'v1/2-2-00002.zip'],
    [name('v2', 100, 300, [1, 3]), 'v2/103-303-00001.zip'],
    [name('a/b', 1_590_159_600, 1_590_246_000, [12, 0]), 'a/b/1590159600-1590246000-00012.zip'],
  ])('are %s', (given, expected) => {
    expect(given).toBe(expected);
  });
});
