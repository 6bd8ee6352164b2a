import { createHash, verify } from 'node:crypto';
import { decodeSignatures } from './decode.ts';
import { encodeSignatures, signExport } from './sign.ts';
import { tryOut } from './signer.ts';
import { memorySigner } from './testing/p256-signer.ts';

const BIN = [Buffer.from('EK Export v1    '), Buffer.from('and the rest')];

it('gives the digest and one signature per signer, each over all pieces, in their order', async () => {
  const [newer, older] = [memorySigner(), memorySigner()];
  const { digest, sig } = await signExport(BIN, [
    { keyId: '310', keyVersion: 'v2', signer: newer },
    { keyId: '310', keyVersion: 'v1', signer: older },
  ]);
  expect(digest).toBe(createHash('sha256').update(Buffer.concat(BIN)).digest('hex'));
  const signatures = decodeSignatures(sig)!;
  expect(signatures).toMatchObject(
    ['v2', 'v1'].map((keyVersion) => ({
      signer: { keyId: '310', keyVersion, algorithm: '1.2.840.10045.4.3.2' },
      batchNumber: 1,
      batchSize: 1,
    })),
  );
  const verified = [newer, older].map(({ pem }, n) =>
    verify(
      'sha256',
      Buffer.concat(BIN),
      { key: pem, dsaEncoding: 'der' },
      signatures[n]!.signature,
    ),
  );
  expect(verified).toEqual([true, true]);
});

it('signs a file of many pieces', async () => {
  const pieces = Array.from({ length: 50 }, (_, n) => Buffer.alloc(10, n));
  const signer = memorySigner();
  const { digest, sig } = await signExport(pieces, [{ keyId: '', keyVersion: '', signer }]);
  expect(digest).toBe(createHash('sha256').update(Buffer.concat(pieces)).digest('hex'));
  expect(decodeSignatures(sig)).toMatchObject([{ signer: { keyId: '', keyVersion: '' } }]);
});

it('never makes an unsigned file', async () => {
  await expect(signExport(BIN, [])).rejects.toThrow('no signer');
});

it('fails when one of the signers fails', async () => {
  const good = { keyId: '310', keyVersion: 'v1', signer: memorySigner() };
  const signer = {
    ...memorySigner(),
    begin: () => ({
      update: () => undefined,
      finish: async () => await Promise.reject(new Error('key destroyed')),
    }),
  };
  await expect(signExport(BIN, [good, { ...good, signer }])).rejects.toThrow('key destroyed');
});

it('finds out that a key cannot sign only by a whole signature', async () => {
  await expect(tryOut(memorySigner())).resolves.toBeUndefined();
  const broken = {
    ...memorySigner(),
    begin: () => ({
      update: () => undefined,
      finish: async () => await Promise.reject(new Error('key destroyed')),
    }),
  };
  await expect(tryOut(broken)).rejects.toThrow('key destroyed');
});

it('refuses to name a signer without a signature', () => {
  expect(() => encodeSignatures([{ keyId: '310', keyVersion: 'v1' }], [])).toThrow(RangeError);
});
