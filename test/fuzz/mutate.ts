import type { Random } from '@keyserver/random';

/** What inputs are made of. */
export interface Material {
  /** Inputs that did something new. */
  readonly corpus: readonly Buffer[];
  /** Words of the language that is read. */
  readonly dictionary: readonly Buffer[];
  readonly maxLength: number;
}

type Mutation = (input: Buffer, material: Material, random: Random) => Buffer;

const ODD_BYTES = Buffer.from([0x00, 0x01, 0x0a, 0x20, 0x22, 0x2d, 0x5c, 0x7f, 0x80, 0xc0, 0xff]);
const ODD_NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '145',
  '2147483647',
  '2147483648',
  '9007199254740992',
].map((number) => Buffer.from(number));

const spliced = (input: Buffer, from: number, to: number, piece: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, from), piece, input.subarray(to)]);

/** A stretch of an input, short more often than long. */
function stretchOf(input: Buffer, random: Random): readonly [from: number, to: number] {
  const from = random.below(input.length + 1);
  const longest = random.below(4) === 0 ? input.length : 16;
  return [from, Math.min(input.length, from + random.below(longest + 1))];
}

const pick = <T>(from: readonly T[], random: Random): T | undefined =>
  from[random.below(Math.max(1, from.length))];

const MUTATIONS: readonly Mutation[] = [
  (input, _, random) => {
    const at = random.below(input.length + 1);
    return spliced(input, at, at + 1, Buffer.of((input[at] ?? 0) ^ (1 << random.below(8))));
  },
  (input, _, random) => {
    const at = random.below(input.length + 1);
    return spliced(input, at, at + 1, Buffer.of(ODD_BYTES[random.below(ODD_BYTES.length)] ?? 0));
  },
  (input, _, random) => {
    const [from, to] = stretchOf(input, random);
    return spliced(input, from, to, Buffer.alloc(0));
  },
  (input, _, random) => {
    const [from, to] = stretchOf(input, random);
    return spliced(input, to, to, input.subarray(from, to));
  },
  (input, _, random) => {
    const [from, to] = stretchOf(input, random);
    const copies = Array.from({ length: 2 + random.below(30) }, () => input.subarray(from, to));
    return spliced(input, from, to, Buffer.concat(copies));
  },
  (input, { dictionary }, random) => {
    const [from, to] = stretchOf(input, random);
    const word = pick(dictionary, random) ?? Buffer.alloc(0);
    return spliced(input, from, random.below(2) === 0 ? from : to, word);
  },
  (input, { corpus }, random) => {
    const other = pick(corpus, random) ?? input;
    const [from, to] = stretchOf(other, random);
    const at = random.below(input.length + 1);
    return spliced(input, at, at, other.subarray(from, to));
  },
  (input, { corpus }, random) => {
    const other = pick(corpus, random) ?? input;
    return spliced(
      input,
      random.below(input.length + 1),
      input.length,
      other.subarray(random.below(other.length + 1)),
    );
  },
  (input, _, random) => {
    const at = random.below(input.length + 1);
    return spliced(input, at, at, random.bytes(1 + random.below(8)));
  },
  (input, _, random) => {
    const numbers = [...input.toString('latin1').matchAll(/-?\d+/gu)];
    const number = pick(numbers, random);
    if (number === undefined) return input;
    const other = pick(ODD_NUMBERS, random) ?? Buffer.alloc(0);
    return spliced(input, number.index, number.index + number[0].length, other);
  },
];

/** An input made from one of the corpus by a few changes. */
export function mutate(material: Material, random: Random): Buffer {
  let input = pick(material.corpus, random) ?? Buffer.alloc(0);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1)
    input = pick(MUTATIONS, random)?.(input, material, random) ?? input;
  return input.subarray(0, material.maxLength);
}
