/** Shortest spelling that is looked for; anything shorter turns up by chance. */
const SHORTEST = 6;

/** Every way in which a text or some bytes could appear in a line: as it is, escaped, in hex, in base64 at any offset. */
export function spellings(secret: string | Uint8Array): readonly string[] {
  const bytes = Buffer.from(secret);
  const spelt = [
    ...(typeof secret === 'string' ? escaped(secret) : [bytes.toString('latin1')]),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...bytes].join(','),
    ...[0, 1, 2].flatMap((offset) => base64At(bytes, offset)),
  ];
  return [...new Set(spelt)].filter((one) => one.length >= SHORTEST);
}

const escaped = (text: string): readonly string[] => [
  text,
  text.toLowerCase(),
  text.toUpperCase(),
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text),
];

/** The characters of base64 that depend on these bytes alone, when so many others come before them. */
function base64At(bytes: Buffer, offset: number): readonly string[] {
  const before = Buffer.concat([Buffer.alloc(offset), bytes]);
  const whole = Math.floor((before.length * 8) / 6);
  const first = Math.ceil((offset * 8) / 6);
  return (['base64', 'base64url'] as const).map((alphabet) =>
    before.toString(alphabet).slice(first, whole),
  );
}

/** Spellings that were worked out before: the same secrets are looked for in many texts. */
const known = new Map<string | Uint8Array, readonly string[]>();

function knownSpellings(secret: string | Uint8Array): readonly string[] {
  const spelt = known.get(secret) ?? spellings(secret);
  known.set(secret, spelt);
  return spelt;
}

/** What of the secrets appears in a text, by name. */
export const leaksIn = (
  text: string,
  secrets: Readonly<Record<string, string | Uint8Array>>,
): readonly string[] =>
  Object.entries(secrets)
    .filter(([, secret]) => knownSpellings(secret).some((spelling) => text.includes(spelling)))
    .map(([name]) => name);
