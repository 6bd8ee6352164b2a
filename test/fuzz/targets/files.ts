import {
  inspectExport,
  parseIndex,
  parseVerificationKeys,
  readKeys,
  renderIndex,
  verifyExport,
} from '@keyserver/export-file';
import { archiveOf, rawZip, someBin, theKey } from '@keyserver/export-file/testing';
import { unixMillis } from '@keyserver/time';
import type { Target } from '../search.ts';
import { must, mustEqual } from './must.ts';

const KNOWN = { ...theKey, from: unixMillis(0), thru: undefined };
const NOW = unixMillis(1_590_200_000_000);

/** Files are read without a fault, and none is taken that was not signed. */
async function readAll(zip: Buffer, signed: ReadonlySet<string>): Promise<unknown> {
  const judged = await verifyExport(zip, { keys: [KNOWN], now: NOW });
  if (judged.violations.length === 0)
    must(signed.has(judged.digest ?? ''), 'a file was taken that nobody signed');
  const { faults, summary } = await inspectExport(zip);
  const keys = await readKeys(zip);
  must((keys === undefined) === (summary === undefined), 'read by one reader alone');
  must(summary !== undefined || faults.length > 0, 'not read, and nothing is said of why');
  return [judged.violations, faults, summary?.digest];
}

const KEYS = [{ keyId: '310', keyVersion: 'v1', publicKey: theKey.publicKey, from: 1 }];

/** Readers of files, and of what is published beside them. */
export async function fileTargets(): Promise<readonly Target[]> {
  const bin = someBin();
  const zip = await archiveOf(bin);
  const { digest = '' } = await verifyExport(zip, { keys: [KNOWN], now: NOW });
  const signed = new Set([digest]);
  return [
    {
      name: 'archive',
      seeds: [zip, rawZip([{ name: 'export.bin', content: bin, method: 0 }])],
      dictionary: ['PK\x01\x02', 'PK\x03\x04', 'PK\x05\x06', 'export.bin', 'export.sig', '../'],
      check: async (input) => await readAll(input, signed),
    },
    {
      name: 'export-bin',
      seeds: [bin],
      dictionary: [
        'EK Export v1    ',
        '\x3a\x18',
        '\x42\x18',
        '\x22\x10',
        '\x08\xff\xff\xff\xff\x0f',
      ],
      check: async (content) =>
        await readAll(rawZip([{ name: 'export.bin', content, method: 0 }]), signed),
    },
    {
      name: 'export-sig',
      seeds: [Buffer.from('0a040a020a00', 'hex')],
      check: async (content) =>
        await readAll(
          rawZip([
            { name: 'export.bin', content: bin, method: 0 },
            { name: 'export.sig', content, method: 0 },
          ]),
          new Set(),
        ),
    },
    {
      name: 'index',
      seeds: [Buffer.from('v1/1-2-00001.zip\nv1/2-3-00001.zip'), Buffer.from('a/b.zip\r\n')],
      dictionary: ['\n', '\r\n', '../', '/', '.', '<html>', '%2e'],
      check: (input) => {
        const names = parseIndex(input);
        if (names === undefined) return names;
        mustEqual(parseIndex(renderIndex(names)), names, 'other names when written again');
        must(!names.some((name) => name.split('/').includes('..')), 'a name that climbs');
        return names;
      },
    },
    {
      name: 'keys',
      seeds: [Buffer.from(JSON.stringify({ keys: KEYS }))],
      dictionary: ['"thru":', '"keyId":', '"from":', 'null', '{}', '[]', '1e400', '-1', '0.5'],
      check: (input) => parseVerificationKeys(input)?.length,
    },
  ];
}
