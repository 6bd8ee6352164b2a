import { KEY_BYTES, RECORD_BYTES } from '@keyserver/exposure-keys';
import { type Random, shuffle } from '@keyserver/random';
import type { PaddingRule } from './simulate-files.ts';

const LARGEST_DOCUMENT = 500;

/**
 * The rule that the independent one has replaced, and that of the reference server's kin: generated keys are copies of real ones
 * under other key data, each real key is imitated equally often give or take one, and they are stored in large documents. It is
 * kept as a control: whoever cannot see through it would see through nothing.
 */
export function copyingRule(random: Random): PaddingRule {
  return ({ documents, keys }) => {
    const real = documents.flatMap(({ records }) => recordsIn(records));
    const inPasses = Array.from({ length: Math.floor(keys / real.length) }, () => real).flat();
    const models = [...inPasses, ...shuffle(real, random).slice(0, keys - inPasses.length)];
    const copies = models.map((model) =>
      Buffer.concat([random.bytes(KEY_BYTES), model.subarray(KEY_BYTES)]),
    );
    const first = documents[0];
    if (first === undefined) return [];
    return Array.from({ length: Math.ceil(copies.length / LARGEST_DOCUMENT) }, (_, n) => ({
      ...first,
      records: Buffer.concat(
        copies.slice(n * LARGEST_DOCUMENT, (n + 1) * LARGEST_DOCUMENT).sort(Buffer.compare),
      ),
    }));
  };
}

const recordsIn = (records: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: records.length / RECORD_BYTES }, (_, n) =>
    records.subarray(n * RECORD_BYTES, (n + 1) * RECORD_BYTES),
  );
