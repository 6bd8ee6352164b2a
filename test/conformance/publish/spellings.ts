import type { Drawn } from './drawn.ts';
import type { Ground } from './ground.ts';
import { macOf, newKey, outcomeOf, publish } from './phone.ts';

let spelled = 0;

/** Bytes whose base64 has both characters in which the alphabets differ, and two signs of padding. */
function oddBytes(): Buffer {
  const data = Buffer.alloc(16, 0xfb);
  data.writeUInt32BE((spelled += 1), 8);
  return data;
}

const urlSafe = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_');

/** Rows about base64 as phones spell it. */
export function describeSpellings(on: () => Ground, of: Drawn): void {
  const taken: [string, (standard: string) => string][] = [
    ['the standard alphabet with padding', (text) => text],
    ['the standard alphabet without padding', (text) => text.slice(0, -2)],
    ['one sign of padding too few', (text) => text.slice(0, -1)],
    ['padding in excess', (text) => `${text}===`],
    ['the alphabet for addresses, with padding', urlSafe],
    ['the alphabet for addresses, without padding', (text) => urlSafe(text).slice(0, -2)],
    ['both alphabets in one text', (text) => text.replace('+', '-')],
    [
      'line breaks inside',
      (text) => `${text.slice(0, 5)}\r\n${text.slice(5, 9)}\n${text.slice(9)}`,
    ],
    ['bits behind the last byte that are not zero', (text) => `${text.slice(0, 21)}x==`],
  ];
  it.each(of(taken))('takes %s, as the same bytes', async (_, spell) => {
    const data = oddBytes();
    const standard = data.toString('base64');
    expect(standard).toMatch(/\+.*\/.*w==$/u);
    expect(outcomeOf(await publish(on(), [newKey({ key: spell(standard) })]))).toBe('200');
    expect(await on().stored(standard)).toHaveLength(1);
  });

  const refused: [string, (standard: string) => string][] = [
    ['a space inside', (text) => `${text.slice(0, 5)} ${text.slice(5)}`],
    ['a tab at the end', (text) => `${text}\t`],
    ['padding inside', (text) => `${text.slice(0, 8)}==${text.slice(8)}`],
    ['padding before a line break', (text) => `${text}\n`],
    ['a sign of no alphabet', (text) => `*${text.slice(1)}`],
    ['a letter beyond ASCII', (text) => `é${text.slice(1)}`],
    ['a last sign that carries no byte', (text) => `${text.slice(0, 21)}==`],
    ['no text', () => ''],
    ['padding alone', () => '='],
    ['15 bytes', (text) => text.slice(0, 20)],
    ['17 bytes', (text) => `${text.slice(0, 22)}A`],
  ];
  it.each(of(refused))('refuses a key with %s', async (_, spell) => {
    const key = newKey({ key: spell(oddBytes().toString('base64')) });
    expect(outcomeOf(await publish(on(), [key]))).toBe('400 bad_request');
  });

  it.each(['Zg==', 'Zg=', 'Zg', 'Z\ng', 'Zh=='])(
    'takes the secret %j as the byte of "f"',
    async (hmacKey) => {
      const keys = [newKey()];
      const claims = { tekmac: macOf(keys, { secret: Buffer.from('f') }) };
      expect(outcomeOf(await publish(on(), keys, { claims, body: { hmacKey } }))).toBe('200');
    },
  );

  it.each([undefined, '', '='])('takes the secret %j as no bytes', async (hmacKey) => {
    const keys = [newKey()];
    const claims = { tekmac: macOf(keys, { secret: Buffer.alloc(0) }) };
    expect(outcomeOf(await publish(on(), keys, { claims, body: { hmacKey } }))).toBe('200');
  });

  it('takes the MAC of a certificate in the other alphabet and without padding', async () => {
    const keys = [newKey()];
    const claims = { tekmac: urlSafe(macOf(keys)).slice(0, -1) };
    expect(outcomeOf(await publish(on(), keys, { claims }))).toBe('200');
  });
}
