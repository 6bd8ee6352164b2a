import fc from 'fast-check';

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;

/**
 * Any character of Unicode, a code point that is no half of a pair: the unit of any text. It gives what the unit "binary"
 * of fast-check gives, which makes a table of all 1.1 million of them first, and that takes every process a second or two.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat(0x10ffff - SURROGATES)
  .map((n) => String.fromCodePoint(n < FIRST_SURROGATE ? n : n + SURROGATES), numberOf);

/** The way back, by which fast-check shrinks examples; it takes an error as "not one of these". */
function numberOf(text: unknown): number {
  const [character, ...others] = typeof text === 'string' ? text : '';
  const code = character?.codePointAt(0);
  const isHalf =
    code !== undefined && code >= FIRST_SURROGATE && code < FIRST_SURROGATE + SURROGATES;
  if (code === undefined || others.length > 0 || isHalf) throw new Error('not one character');
  return code < FIRST_SURROGATE ? code : code - SURROGATES;
}
