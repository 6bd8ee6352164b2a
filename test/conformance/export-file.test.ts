import { createHash, createPublicKey } from 'node:crypto';
import {
  type ExportContents,
  encodeExport,
  verifyExport,
  writeArchive,
} from '@keyserver/export-file';
import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { intervalNumber, unixMillis, unixSeconds } from '@keyserver/time';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
const listed = (...keys: readonly ExposureKey[]): ExportContents['keys'] => ({
  records: Buffer.from(packRecords(keys)),
  order: Uint32Array.from(keys, (_, n) => n),
});
const key = (hex: string, start: number, of: Partial<ExposureKey> = {}): ExposureKey => ({
  data: bytes(hex),
  start: intervalNumber(start),
  period: 144,
  risk: 0,
  reportType: '',
  onsetDays: undefined,
  ...of,
});

describe('the sample archive of 2020', () => {
  const contents: ExportContents = {
    start: unixSeconds(1_590_159_600),
    end: unixSeconds(1_590_246_000),
    region: 'US',
    signers: [{ keyId: 'some_id', keyVersion: '1' }],
    keys: listed(
      key('172fc480e598490c34177604339b1543', 2_649_980, { risk: 8, period: 1 }),
      key('2b63053ac483238de176169e861f3dcd', 2_649_866, { risk: 1, period: 114 }),
    ),
    revisedKeys: listed(),
  };
  const info = '1a0131 2207736f6d655f6964 2a13312e322e3834302e31303034352e342e332e32';
  const sig = bytes(`0a71 0a21 ${info} 1001 1801 2248
    3046 0221009eb6e9d5ad6a688fa970b0e67c0886345eefdd1819592edd84604a1ccf4d0247
         022100906d7fcdf211c710f84a2a7917000573bef0ef27a4974129de2876ac6819f66a`);
  const publicKey = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: bytes('9a5e7d8ad79cf6acf05688eb78b5dd3cd46c516cdf60773570abc8222ebf1f9e').toString(
        'base64url',
      ),
      y: bytes('80252fe46446109df0e9c6b8321a17409bea4d3761802775dd9d06754a4e1a9a').toString(
        'base64url',
      ),
    },
  })
    .export({ type: 'spki', format: 'pem' })
    .toString();
  const expected = {
    keys: [{ keyId: 'some_id', keyVersion: '1', publicKey }],
    now: unixMillis(1_590_253_200_000),
    region: 'US',
  };

  async function archive(bin: Uint8Array): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of writeArchive(() => [bin], sig)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  it('is encoded to the byte', () => {
    const bin = Buffer.concat([...encodeExport(contents)]);
    expect(
      bin.equals(
        bytes(`454b204578706f727420763120202020
      09f0e8c75e00000000 11703ac95e00000000 1a025553 2001 2801 3221 ${info}
      3a1b 0a10172fc480e598490c34177604339b1543 1008 18fcdea101 2001
      3a1b 0a102b63053ac483238de176169e861f3dcd 1001 188adea101 2072`),
      ),
    ).toBe(true);
    expect(sha256(bin)).toBe('38edb6fc758d9ba014eb66226a9ee580201de3a985dca5467234c5f41099ad3f');
  });

  it('has a signature that verifies', async () => {
    const bin = Buffer.concat([...encodeExport(contents)]);
    expect(sha256(sig)).toBe('60d3c9935e862866f1609cb7914d7421d50e217b085261ae84b8f2942bcd42c8');
    const verification = await verifyExport(await archive(bin), expected);
    expect(verification).toMatchObject({
      violations: [],
      signatures: [{ outcome: 'valid' }],
      contents: { keys: 2, revisedKeys: 0, order: 'key' },
    });
  });

  it('does not verify with one bit flipped', async () => {
    const bin = Buffer.concat([...encodeExport(contents)]);
    bin[bin.length - 1]! ^= 1;
    const { violations } = await verifyExport(await archive(bin), expected);
    expect(violations.map(({ rule }) => rule)).toEqual(['bad_signature']);
  });
});

it('encodes a split file with two signers and every rule of omission to the byte', () => {
  const DAY = 2_682_432; // the first interval of 2021
  const bin = Buffer.concat([
    ...encodeExport({
      start: unixSeconds(1_609_560_000),
      end: unixSeconds(1_609_574_402),
      region: 'US-WA',
      signers: [
        { keyId: '310', keyVersion: 'v2' },
        { keyId: '310', keyVersion: 'v1' },
      ],
      keys: listed(
        key('11'.repeat(16), DAY - 288),
        key('22'.repeat(16), DAY - 144, {
          risk: 2,
          period: 72,
          reportType: 'confirmed',
          onsetDays: -3,
        }),
        key('ee'.repeat(16), DAY - 432, { risk: 4, reportType: 'likely', onsetDays: 14 }),
      ),
      revisedKeys: listed(
        key('33'.repeat(16), DAY - 288, { risk: 4, reportType: 'negative' }),
        key('44'.repeat(16), DAY - 288, { risk: 4, reportType: 'confirmed', onsetDays: 0 }),
      ),
    }),
  ]);
  expect(bin).toHaveLength(260);
  expect(sha256(bin)).toBe('3049426274995e56e79e6794bf390baa773a6e61b05410d3f7d4d15d116567a8');
});
