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

it('lets other work have its turn after each MiB of a large file', async () => {
  const piece = Buffer.alloc(64 * 1024);
  let taken = 0;
  const large = function* (): Generator<Uint8Array> {
    for (; taken < 40 * piece.length; taken += piece.length) yield piece;
  };
  const turns: number[] = [];
  const takeTurns = (): void => {
    turns.push(taken + piece.length); // the last piece is counted when the next one is asked for
    if (turns.length < 2) setImmediate(takeTurns);
  };
  setImmediate(takeTurns);
  await signExport(large(), [{ keyId: '310', keyVersion: 'v1', signer: memorySigner() }]);
  expect(turns).toEqual([1, 2].map((mebibytes) => mebibytes * 1024 * 1024));
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

it('tries a key out with words that no file begins with', async () => {
  const pieces: Uint8Array[] = [];
  const signer = memorySigner();
  const listening = {
    ...signer,
    begin: () => ({ ...signer.begin(), update: (piece: Uint8Array) => pieces.push(piece) }),
  };
  await tryOut(listening);
  expect(Buffer.concat(pieces).toString()).toMatch(/^key server trial/);
});

it('refuses to name a signer without a signature', () => {
  expect(() => encodeSignatures([{ keyId: '310', keyVersion: 'v1' }], [])).toThrow(RangeError);
});
