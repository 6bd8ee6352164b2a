import type { Problem } from './invariants.ts';
import type { Crowd } from './people.ts';

const WORD = /[A-Za-z0-9+/_-]{16,}/g;

/** Keys in either spelling, and the parts of tokens and certificates, that can be read in lines of a log. */
export function judgeLog(
  log: readonly string[],
  { people, refused, secrets }: Pick<Crowd, 'people' | 'refused' | 'secrets'>,
  generated: ReadonlySet<string>,
): readonly Problem[] {
  const keys = [
    ...people.flatMap(({ keys: of }) => of.map(({ key }) => key)),
    ...refused,
    ...generated,
  ];
  const texts = [...keys, ...keys.map((key) => Buffer.from(key, 'base64').toString('hex'))];
  const spelled = new Set([...texts, ...secrets].flatMap((text) => text.match(WORD) ?? []));
  const found = log.flatMap((line) => line.match(WORD) ?? []).filter((word) => spelled.has(word));
  return found.length === 0 ? [] : ['I8: a key, a token or a certificate is in the log'];
}
