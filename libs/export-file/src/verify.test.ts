import { type ExposureKey } from '@keyserver/exposure-keys';
import { intervalNumber, unixMillis, unixSeconds } from '@keyserver/time';
import fc from 'fast-check';
import type { ExportContents } from './encode.ts';
import { encodeSignatures } from './sign.ts';
import { aKey } from './testing/builders.ts';
import {
  END,
  START,
  archiveOf,
  listed,
  sigOf,
  someBin,
  theKey,
  theSigner,
} from './testing/archives.ts';
import { memorySigner } from './testing/p256-signer.ts';
import { type RawEntry, rawZip } from './testing/raw-zip.ts';
import { type ExpectedExport, type Verification, verifyExport } from './verify.ts';
import { fixed64Field, lengthField, varintField } from './wire-format.ts';

const FIRST = START / 600;
const DAY = 144;
const now = unixMillis((END + 7200) * 1000);
const started = (start: number): Partial<ExposureKey> => ({ start: intervalNumber(start) });
const good = listed([aKey(1, started(FIRST - DAY)), aKey(2, started(FIRST - DAY))]);

const verify = async (
  zip: Uint8Array,
  overrides: Partial<ExpectedExport> = {},
): Promise<Verification> =>
  await verifyExport(zip, { keys: [theKey], now, region: 'US', ...overrides });
const rules = ({ violations }: Verification): string[] => violations.map(({ rule }) => rule);
const broken = async (
  zip: Uint8Array,
  overrides: Partial<ExpectedExport> = {},
): Promise<string[]> => rules(await verify(zip, overrides));
const brokenBy = async (contents: Partial<ExportContents>): Promise<string[]> =>
  await broken(await archiveOf(someBin({ keys: good, ...contents })));
const brokenKeys = async (...keys: readonly ExposureKey[]): Promise<string[]> =>
  await brokenBy({ keys: listed(keys) });

describe('a good archive', () => {
  it('breaks no rule, and says what it holds', async () => {
    const revisedKeys = listed([aKey(3, started(FIRST - 20 * DAY))]);
    const verification = await verify(await archiveOf(someBin({ keys: good, revisedKeys })));
    expect(verification).toMatchObject({
      violations: [],
      signatures: [{ keyId: '310', keyVersion: 'v1', outcome: 'valid' }],
      contents: { start: START, end: END, region: 'US', keys: 2, revisedKeys: 1 },
    });
    expect(verification.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('may be for any region when none is expected', async () => {
    expect(await broken(await archiveOf(someBin()), { region: undefined })).toEqual([]);
  });

  it('may hold its entries in any order', async () => {
    const bin = someBin();
    const zip = rawZip([
      { name: 'export.sig', content: await sigOf(bin) },
      { name: 'export.bin', content: bin, method: 0 },
    ]);
    expect(await broken(zip)).toEqual([]);
  });

  it.each([
    ['metadata', [aKey(9, started(FIRST - 9)), aKey(1, started(FIRST - 8))]],
    [
      'key',
      [aKey(1, { ...started(FIRST - 9), risk: 5 }), aKey(9, { ...started(FIRST - 9), risk: 4 })],
    ],
    ['none', [aKey(9, started(FIRST - 8)), aKey(1, started(FIRST - 8))]],
  ])('may be ordered by %s', async (order, keys) => {
    const verification = await verify(await archiveOf(someBin({ keys: listed(keys) })));
    expect(verification).toMatchObject({ violations: [], contents: { order } });
  });

  it.each<[string, readonly ExposureKey[]]>([
    ['a start in 1970', [aKey(9, started(0)), aKey(1, started(1))]],
    ['no report type', [aKey(9, { reportType: '' }), aKey(1, { reportType: 'confirmed' })]],
    ['no onset', [aKey(9, { onsetDays: undefined }), aKey(1, { onsetDays: -14 })]],
    ['the same key twice', [aKey(1), aKey(1)]],
  ])('has its keys in order, whether it be good or not, with %s first', async (_, keys) => {
    const { contents } = await verify(await archiveOf(someBin({ keys: listed(keys) })));
    expect(contents?.order).toBe('metadata');
  });

  it('is ordered only when both of its lists are', async () => {
    const unordered = listed([aKey(9), aKey(1)]);
    for (const lists of [{ keys: unordered }, { keys: good, revisedKeys: unordered }]) {
      const { contents } = await verify(await archiveOf(someBin(lists)));
      expect(contents?.order).toBe('none');
    }
  });
});

describe('the zip', () => {
  const entry = (
    name: string,
    content: Uint8Array,
    overrides: Partial<RawEntry> = {},
  ): RawEntry => ({
    name,
    content,
    ...overrides,
  });
  const zipWith = async (
    change: (bin: RawEntry, sig: RawEntry) => readonly RawEntry[],
  ): Promise<string[]> => {
    const bin = someBin({ keys: good });
    return await broken(
      rawZip(change(entry('export.bin', bin), entry('export.sig', await sigOf(bin)))),
    );
  };

  it.each<[string, (bin: RawEntry, sig: RawEntry) => readonly RawEntry[], string[]]>([
    [
      'a further entry',
      (bin, sig) => [bin, sig, entry('readme', Buffer.alloc(1))],
      ['unexpected_entry'],
    ],
    [
      'an entry in a folder',
      (bin, sig) => [bin, { ...sig, name: 'a/export.sig' }],
      ['unexpected_entry', 'missing_entry'],
    ],
    [
      'an entry that climbs',
      (bin, sig) => [bin, sig, entry('../x', Buffer.alloc(1))],
      ['unsafe_entry_name', 'unexpected_entry'],
    ],
    [
      'an entry that climbs with backslashes',
      (bin, sig) => [bin, sig, entry('a\\..\\x', Buffer.alloc(1))],
      ['unsafe_entry_name', 'unexpected_entry'],
    ],
    ['export.bin twice', (bin, sig) => [bin, sig, bin], ['duplicate_entry']],
    ['no export.sig', (bin) => [bin], ['missing_entry']],
    ['no export.bin', (_, sig) => [sig], ['missing_entry', 'bad_signature']],
    [
      'an entry under two names',
      (bin, sig) => [{ ...bin, localName: 'export.bix' }, sig],
      ['ambiguous_entry'],
    ],
    [
      'a wrong checksum',
      (bin, sig) => [{ ...bin, checksum: 1 }, sig],
      ['entry_corrupt', 'bad_signature'],
    ],
    [
      'an unknown method',
      (bin, sig) => [{ ...bin, method: 99 }, sig],
      ['entry_corrupt', 'bad_signature'],
    ],
    [
      'an entry that claims to be huge',
      (bin, sig) => [{ ...bin, claimedSize: 0xfffffff0 }, sig],
      ['entry_too_large', 'bad_signature'],
    ],
    [
      'an entry larger than it claims',
      (bin, sig) => [{ ...bin, claimedSize: 20 }, sig],
      ['entry_corrupt', 'bad_signature'],
    ],
  ])('is refused with %s', async (_, change, expected) => {
    expect(await zipWith(change)).toEqual(expected);
  });

  it('is refused with a signature entry that fills memory', async () => {
    const rulesBroken = await zipWith((bin, sig) => [
      bin,
      { ...sig, content: Buffer.alloc(70_000) },
    ]);
    expect(rulesBroken).toEqual(['entry_too_large']);
  });

  it.each([
    ['export.bin', 64 * 1024 * 1024],
    ['export.sig', 64 * 1024],
  ])('may hold an %s of %i bytes and no more', async (name, bytes) => {
    const claiming = async (claimedSize: number) =>
      (
        await zipWith((bin, sig) =>
          [bin, sig].map((one) => (one.name === name ? { ...one, claimedSize } : one)),
        )
      )[0];
    // None of them is as large as it claims.
    expect(await claiming(bytes)).toBe('entry_corrupt');
    expect(await claiming(bytes + 1)).toBe('entry_too_large');
  });

  it('is read only so far when it has very many entries', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => entry(`e${n}`, Buffer.alloc(0)));
    const { violations } = await verify(rawZip(many));
    expect(violations).toMatchObject([
      { rule: 'unexpected_entry', count: 16 },
      { rule: 'missing_entry', count: 2 },
    ]);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html></html>')],
    ['an export.bin that is not in a zip', someBin()],
  ])('is refused when it is %s', async (_, bytes) => {
    expect(await broken(bytes)).toEqual(['archive_unreadable', 'missing_entry']);
  });
});

describe('export.bin', () => {
  const brokenBin = async (bin: Uint8Array): Promise<string[]> =>
    await broken(await archiveOf(bin));
  const HEADER = Buffer.from('EK Export v1    ');
  const info = lengthField(3, 'v1');

  it.each([
    ['of another version', Buffer.from('EK Export v2    ')],
    ['with a short header', Buffer.from('EK Export v1   ')],
    ['without any byte', Buffer.alloc(0)],
  ])('is refused %s', async (_, bin) => {
    expect(await brokenBin(bin)).toEqual(['bad_header']);
  });

  it.each([
    ['a field that is cut off', Buffer.from('3a10', 'hex')],
    ['a field without a number', Buffer.from('00', 'hex')],
    ['an endless number', Buffer.alloc(11, 0xff)],
    ['a group that does not end', Buffer.alloc(200, 0x0b)],
  ])('is refused with %s', async (_, message) => {
    expect(await brokenBin(Buffer.concat([HEADER, message]))).toEqual(['bin_unparsable']);
  });

  /** Fields without content, two bytes each. */
  const emptyFields = (field: number, count: number): Buffer => {
    const empty = Buffer.alloc(2 * count);
    for (let n = 0; n < empty.length; n += 2) empty[n] = (field << 3) | 2;
    return empty;
  };

  it.each([
    [1_000_001, 0],
    [0, 1_000_001],
    [500_000, 500_001],
  ])('is refused with %i keys and %i revised ones', async (keys, revised) => {
    const bin = Buffer.concat([HEADER, emptyFields(7, keys), emptyFields(8, revised)]);
    expect(await brokenBin(bin)).toEqual(['too_many_keys']);
  });

  it('may list a million keys, and its signers besides', async () => {
    const { violations, contents } = await verify(
      await archiveOf(Buffer.concat([someBin(), emptyFields(7, 1_000_000)])),
    );
    expect(contents?.keys).toBe(1_000_000);
    expect(violations.map(({ rule }) => rule)).not.toContain('too_many_keys');
  });

  it.each([6, 9])('is refused with very many fields of number %i', async (field) => {
    const bin = Buffer.concat([HEADER, emptyFields(field, 101)]);
    expect(await brokenBin(bin)).toEqual(['bin_unparsable']);
  });

  const headOf = (...fields: Uint8Array[]): Buffer =>
    Buffer.concat([
      HEADER,
      ...fields,
      lengthField(6, lengthField(4, '310'), info, lengthField(5, '1.2.840.10045.4.3.2')),
    ]);
  const region = lengthField(3, 'US');
  const [one, ofOne] = [varintField(4, 1), varintField(5, 1)];
  const [start, end] = [fixed64Field(1, START), fixed64Field(2, END)];

  it.each([
    ['no start', [end, region, one, ofOne], ['bad_times']],
    ['no end', [start, region, one, ofOne], ['bad_times']],
    [
      'a time past all numbers',
      [start, Buffer.from('11ffffffffffffffff', 'hex'), region, one, ofOne],
      ['bad_times'],
    ],
    ['no region', [start, end, one, ofOne], ['wrong_region']],
    ['no batch number', [start, end, region, ofOne], ['not_one_batch']],
    [
      'a second file of a batch',
      [start, end, region, varintField(4, 2), varintField(5, 2)],
      ['not_one_batch'],
    ],
    ['several files of a batch', [start, end, region, one, varintField(5, 3)], ['not_one_batch']],
  ])('is refused with %s', async (_, fields, expected) => {
    expect(await brokenBin(headOf(...fields))).toEqual(expected);
  });

  it.each([
    ['an end at its start', { end: unixSeconds(START) }, ['bad_times']],
    ['an end before its start', { end: unixSeconds(START - 1) }, ['bad_times']],
    ['an end in the future', { end: unixSeconds(END + 86_400) }, ['ends_in_future']],
    ['another region', { region: 'CA' }, ['wrong_region']],
    ['the region in lower case', { region: 'us' }, ['wrong_region']],
  ])('is refused with %s', async (_, contents, expected) => {
    expect(await brokenBy(contents)).toEqual(expected);
  });

  it('may end ten minutes from now, as the last of the most files of a batch does', async () => {
    const endsIn = async (seconds: number) =>
      await brokenBy({ keys: good, end: unixSeconds(now / 1000 + seconds) });
    expect(await endsIn(600)).toEqual([]);
    expect(await endsIn(601)).toEqual(['ends_in_future']);
  });

  it('skips fields that nobody knows yet', async () => {
    const bin = Buffer.concat([
      someBin({ keys: good }),
      varintField(15, 7),
      lengthField(14, 'new'),
    ]);
    expect(await brokenBin(bin)).toEqual([]);
  });
});

describe('keys', () => {
  it.each([
    ['without a period', { period: 0 }, ['key_period']],
    ['of more than a day', { period: 145 }, ['key_period']],
    ['that start in the future', started(FIRST + DAY + 13), ['key_in_future']],
    ['15 days before onset', { onsetDays: -15 }, ['key_onset']],
    ['15 days after onset', { onsetDays: 15 }, ['key_onset']],
  ])('are refused %s', async (_, options, expected) => {
    expect(await brokenKeys(aKey(1, { ...started(FIRST), ...options }))).toEqual(expected);
  });

  it.each([
    ['of one interval', { period: 1 }],
    ['14 days before onset', { onsetDays: -14 }],
    ['14 days after onset', { onsetDays: 14 }],
    ['that start now', started(FIRST + DAY + 12)],
  ])('are taken %s', async (_, options) => {
    expect(await brokenKeys(aKey(1, { ...started(FIRST), ...options }))).toEqual([]);
  });

  const ended = (before: number, period = DAY): ExposureKey =>
    aKey(1, { ...started(FIRST - before - period), period });

  it.each([1, 72, DAY])('of %i intervals count from their end, not their start', async (period) => {
    expect(await brokenKeys(ended(15 * DAY, period))).toEqual([]);
    expect(await brokenKeys(ended(15 * DAY + 2, period))).toEqual(['key_too_old']);
  });

  it('may end an interval earlier, as they are checked before their window is known', async () => {
    expect(await brokenKeys(ended(15 * DAY + 1))).toEqual([]);
  });

  it('may be as old as the file of that day which they were first in', async () => {
    const start = unixSeconds(START + 20 * 3600);
    expect(await brokenBy({ start, keys: listed([ended(15 * DAY)]) })).toEqual([]);
  });

  it('are taken 16 days back when they end within 15', async () => {
    // The last key that a phone may publish on 4 May 2021 at 10:17, in the file of its hour.
    const at = Date.UTC(2021, 4, 4, 10) / 1000;
    const oldest = aKey(1, { ...started(2_697_901), period: 144 });
    const span = { start: unixSeconds(at), end: unixSeconds(at + 3600) };
    const zip = await archiveOf(someBin({ ...span, keys: listed([oldest]) }));
    expect(await broken(zip, { now: unixMillis((at + 7200) * 1000) })).toEqual([]);
  });

  it('may be revised as long as an operator could recall them, and no longer', async () => {
    const revised = (days: number) => ({ revisedKeys: listed([ended(days * DAY)]) });
    expect(await brokenBy(revised(45))).toEqual([]);
    expect(await brokenBy(revised(46))).toEqual(['key_too_old']);
  });

  it('may be older when the verifier is told so', async () => {
    const zip = await archiveOf(someBin({ keys: listed([ended(20 * DAY)]) }));
    expect(await broken(zip)).toEqual(['key_too_old']);
    expect(await broken(zip, { maxKeyAgeHours: 20 * 24 })).toEqual([]);
  });

  it.each([
    ['a key of 15 bytes', [lengthField(1, Buffer.alloc(15)), varintField(3, FIRST)], ['key_size']],
    ['a key of 17 bytes', [lengthField(1, Buffer.alloc(17)), varintField(3, FIRST)], ['key_size']],
    ['no key', [varintField(3, FIRST)], ['key_size']],
    ['a key without a start', [lengthField(1, Buffer.alloc(16))], ['key_start_missing']],
  ])('are refused with %s', async (_, fields, expected) => {
    const bin = Buffer.concat([someBin(), lengthField(7, ...fields)]);
    expect(await broken(await archiveOf(bin))).toEqual(expected);
  });

  it('are refused when one is listed twice, also with other metadata', async () => {
    const twice = [aKey(1, started(FIRST)), aKey(1, { ...started(FIRST), risk: 1 })];
    expect(await brokenKeys(...twice)).toEqual(['duplicate_key']);
    expect(await brokenBy({ keys: listed([]), revisedKeys: listed(twice) })).toEqual([
      'duplicate_key',
    ]);
  });

  it('may be listed and revised in one file', async () => {
    const once = listed([aKey(1, started(FIRST))]);
    expect(await brokenBy({ keys: once, revisedKeys: once })).toEqual([]);
  });

  it('are counted by the rule they break', async () => {
    const keys = listed([1, 2, 3].map((n) => aKey(n, { ...started(FIRST), period: 0 })));
    const { violations } = await verify(await archiveOf(someBin({ keys })));
    expect(violations).toEqual([
      {
        rule: 'key_period',
        count: 3,
        explanation: 'a key was valid for less than 1 or more than 144 intervals',
      },
    ]);
  });
});

describe('signatures', () => {
  const bin = someBin({ keys: good });
  const withSig = async (sig: Uint8Array, signed: Uint8Array = bin): Promise<string[]> =>
    await broken(
      rawZip([
        { name: 'export.bin', content: signed },
        { name: 'export.sig', content: sig },
      ]),
    );
  const other = { keyId: '310', keyVersion: 'v2', signer: memorySigner() };

  it('are refused when a byte of export.bin changed', async () => {
    const changed = Buffer.from(bin);
    changed[bin.length - 1]! ^= 1;
    expect(await withSig(await sigOf(bin), changed)).toContain('bad_signature');
  });

  it('are refused over export.bin without its header', async () => {
    expect(await withSig(await sigOf(bin.subarray(16)))).toEqual(['bad_signature']);
  });

  it('are refused by another key under the same name', async () => {
    const sig = await sigOf(bin, [{ ...theSigner, signer: memorySigner() }]);
    expect(await withSig(sig)).toEqual(['bad_signature']);
  });

  it('are taken when one of two keys of a name made them', async () => {
    const keys = [{ ...theKey, publicKey: other.signer.pem }, theKey];
    expect(await broken(await archiveOf(bin), { keys })).toEqual([]);
  });

  it.each([
    ['no bytes', Buffer.alloc(0)],
    ['no DER', Buffer.from('3046', 'hex')],
    ['very many bytes', Buffer.alloc(5000, 0x30)],
  ])('are refused with %s', async (_, signature) => {
    expect(await withSig(encodeSignatures([theSigner], [signature]))).toEqual(['bad_signature']);
  });

  it('must be there', async () => {
    expect(await withSig(Buffer.alloc(0))).toEqual(['no_signature', 'signature_count']);
  });

  it('must be readable', async () => {
    expect(await withSig(Buffer.from('0aff', 'hex'))).toEqual(['sig_unparsable']);
  });

  it('must be as many as announced', async () => {
    expect(await withSig(await sigOf(bin, [theSigner, other]))).toEqual(['signature_count']);
  });

  it('must be by the keys announced', async () => {
    const announced = someBin({ signers: [{ keyId: '310', keyVersion: 'v2' }] });
    expect(await withSig(await sigOf(announced), announced)).toEqual(['signature_mismatch']);
  });

  it('need a known key first, as some phones read no further', async () => {
    const signers = [other, theSigner];
    const zip = await archiveOf(someBin({ signers }), signers);
    expect(await broken(zip)).toEqual(['unknown_key']);
  });

  it('may be by unknown keys later', async () => {
    const signers = [theSigner, other];
    const verification = await verify(await archiveOf(someBin({ signers }), signers));
    expect(verification.violations).toEqual([]);
    expect(verification.signatures.map(({ outcome }) => outcome)).toEqual(['valid', 'unknown_key']);
  });

  it('must use the one algorithm', async () => {
    const info = lengthField(
      1,
      lengthField(3, 'v1'),
      lengthField(4, '310'),
      lengthField(5, '1.2.840.10045.4.3.4'),
    );
    const sig = lengthField(1, info, varintField(2, 1), varintField(3, 1), lengthField(4, 'x'));
    expect(await withSig(sig)).toEqual(['signature_mismatch', 'bad_signature', 'wrong_algorithm']);
  });

  it('must say that they are for batch 1 of 1', async () => {
    const sig = Buffer.from(await sigOf(bin));
    const at = sig.indexOf(Buffer.from('10011801', 'hex'));
    sig[at + 3] = 2;
    expect(await withSig(sig)).toEqual(['not_one_batch']);
  });

  it('may be empty of everything and are then refused, not thrown at', async () => {
    expect(await withSig(Buffer.from('0a00', 'hex'))).toEqual([
      'signature_mismatch',
      'unknown_key',
      'wrong_algorithm',
      'not_one_batch',
    ]);
  });

  it('are refused by a key on another curve', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-384' })
      .publicKey.export({ type: 'spki', format: 'pem' })
      .toString();
    const keys = [{ ...theKey, publicKey }];
    expect(await broken(await archiveOf(bin), { keys })).toEqual(['bad_signature']);
  });
});

describe('keys that are held in files', () => {
  const bin = someBin({ keys: good });
  const mine = { publicKey: theKey.publicKey, heldIn: 'mine.pem' };
  const stranger = { publicKey: memorySigner().pem, heldIn: 'stranger.pem' };
  const second = { keyId: '310', keyVersion: 'v2', signer: memorySigner() };
  const outcomes = ({ signatures }: Verification) =>
    signatures.map(({ outcome, heldIn }) => [outcome, heldIn]);

  it('are told by their files, whatever archives call them', async () => {
    const verification = await verify(await archiveOf(bin), { keys: [stranger, mine] });
    expect(verification.violations).toEqual([]);
    expect(outcomes(verification)).toEqual([['valid', 'mine.pem']]);
  });

  it('are told from keys that are known by a name', async () => {
    const verification = await verify(await archiveOf(bin), { keys: [stranger, theKey] });
    expect(outcomes(verification)).toEqual([['valid', undefined]]);
  });

  it('must have made one of the signatures', async () => {
    const elsewhere = { ...theKey, keyVersion: 'v9' };
    for (const keys of [[stranger], [stranger, elsewhere]]) {
      const verification = await verify(await archiveOf(bin), { keys });
      expect(rules(verification)).toEqual(['bad_signature']);
      expect(outcomes(verification)).toEqual([['unknown_key', undefined]]);
    }
  });

  it('must have made the first one, as some phones read no further', async () => {
    const signers = [second, theSigner];
    const zip = await archiveOf(someBin({ signers }), signers);
    const verification = await verify(zip, { keys: [mine] });
    expect(rules(verification)).toEqual(['unknown_key']);
    expect(outcomes(verification)).toEqual([
      ['unknown_key', undefined],
      ['valid', 'mine.pem'],
    ]);
  });

  it('do not make up for a known name under which another key has signed', async () => {
    const named = { ...theKey, publicKey: stranger.publicKey };
    const verification = await verify(await archiveOf(bin), { keys: [named, stranger] });
    expect(rules(verification)).toEqual(['bad_signature']);
    expect(outcomes(verification)).toEqual([['invalid', undefined]]);
  });
});

describe('any bytes', () => {
  const isVerdict = ({ violations }: Verification): void => {
    expect(Array.isArray(violations)).toBe(true);
  };

  it('get a verdict', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        isVerdict(await verify(bytes));
      }),
    );
  });

  it('inside a good zip get a verdict', async () => {
    const anyBytes = fc.uint8Array({ maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(anyBytes, anyBytes, async (message, sig) => {
        const bin = Buffer.concat([Buffer.from('EK Export v1    '), message]);
        isVerdict(
          await verify(
            rawZip([
              { name: 'export.bin', content: bin },
              { name: 'export.sig', content: sig },
            ]),
          ),
        );
      }),
    );
  });

  it('that a good archive was damaged into get a verdict', async () => {
    const archive = await archiveOf(someBin({ keys: good }));
    const damage = fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(archive.length), async (changes, length) => {
        const damaged = Buffer.from(archive);
        for (const [at, value] of changes) damaged[at] = value;
        isVerdict(await verify(damaged));
        isVerdict(await verify(damaged.subarray(0, length)));
      }),
      { numRuns: 300 },
    );
  });
});
