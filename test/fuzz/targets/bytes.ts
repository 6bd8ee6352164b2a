import {
  RECORD_BYTES,
  decodeTolerantBase64,
  findRecord,
  packRecords,
  unpackRecords,
} from '@keyserver/exposure-keys';
import { intervalNumber } from '@keyserver/time';
import type { Target } from '../search.ts';
import { must, mustEqual, outcomeOf } from './must.ts';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Tolerant base64 bit by bit, as the protocol tells it. */
function plainBase64(text: string): number[] | undefined {
  const digits = text.replaceAll('+', '-').replaceAll('/', '_').split('');
  while (digits.at(-1) === '=') digits.pop();
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const digit of digits) {
    if (digit === '\r' || digit === '\n') continue;
    const value = DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push((bits >> held) & 0xff);
  }
  return held === 6 ? undefined : bytes; // a digit that is left over is none
}

function checkBase64(input: Buffer): unknown {
  const text = input.toString('utf8');
  const bytes = decodeTolerantBase64(text);
  mustEqual(bytes && [...bytes], plainBase64(text), 'other bytes than the protocol says');
  return bytes;
}

/** Whole records come out as they went in; nothing but a RangeError is thrown at others. */
function checkRecords(input: Buffer): unknown {
  const unpacked = outcomeOf(() => unpackRecords(input));
  if ('thrown' in unpacked) {
    must(unpacked.thrown === 'RangeError', 'thrown at records');
  } else {
    const { value: keys } = unpacked;
    must(keys.length * RECORD_BYTES === input.length, 'another number of records');
    mustEqual(Buffer.from(packRecords(keys)), input, 'other records than went in');
  }
  const wanted = input.subarray(0, 16);
  const found = outcomeOf(() => findRecord(input, wanted));
  if ('thrown' in found) must(found.thrown === 'RangeError', 'thrown at a search');
  else if (found.value !== undefined)
    must(Buffer.compare(found.value.data, wanted) === 0, 'another key than was looked for');
  return unpacked;
}

const records = packRecords(
  [1, 2, 3].map((n) => ({
    data: Buffer.alloc(16, n),
    ...{ start: intervalNumber(2_700_000 + n), period: 144, risk: n },
    ...({
      reportType: n === 2 ? 'negative' : 'confirmed',
      onsetDays: n === 1 ? undefined : -n,
    } as const),
  })),
);

/** Readers of base64 and of packed records. */
export const byteTargets: readonly Target[] = [
  {
    name: 'base64',
    seeds: ['AAECAwQFBgcICQoLDA0ODw==', '-_D_7t3Mu6qZiHdmVUQzIg', 'Zm9v\r\nYmFy', ''].map((text) =>
      Buffer.from(text),
    ),
    dictionary: ['=', '==', '\r\n', '+', '/', '-', '_', 'é', '\0'],
    check: checkBase64,
  },
  { name: 'records', seeds: [Buffer.from(records), Buffer.alloc(0)], check: checkRecords },
];
