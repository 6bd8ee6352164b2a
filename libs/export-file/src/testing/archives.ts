import { type ExposureKey, packRecords } from '@keyserver/exposure-keys';
import { unixSeconds } from '@keyserver/time';
import { type ExportContents, type OrderedRecords, encodeExport } from '../encode.ts';
import { type NamedSigner, signExport } from '../sign.ts';
import { memorySigner } from './p256-signer.ts';
import { rawZip } from './raw-zip.ts';

const SIGNER = memorySigner();

/** The signer of test archives, and the key that verifies them. */
export const theSigner: NamedSigner = { keyId: '310', keyVersion: 'v1', signer: SIGNER };
export const theKey = { keyId: '310', keyVersion: 'v1', publicKey: SIGNER.pem };

/** Start and end of test archives, a day apart, in Unix seconds. */
export const START = 1_590_105_600;
export const END = START + 86_400;

/** Records in the order given. */
export const listed = (keys: readonly ExposureKey[]): OrderedRecords => ({
  records: Buffer.from(packRecords(keys)),
  order: Uint32Array.from(keys, (_, n) => n),
});

/** export.bin of a test archive. */
export const someBin = (overrides: Partial<ExportContents> = {}): Buffer =>
  Buffer.concat([
    ...encodeExport({
      start: unixSeconds(START),
      end: unixSeconds(END),
      region: 'US',
      signers: [theSigner],
      keys: listed([]),
      revisedKeys: listed([]),
      ...overrides,
    }),
  ]);

/** export.sig over the bytes given. */
export const sigOf = async (
  bin: Uint8Array,
  signers: readonly NamedSigner[] = [theSigner],
): Promise<Uint8Array> => (await signExport([bin], signers)).sig;

/** The zip of an export.bin with signatures that fit. */
export const archiveOf = async (
  bin: Uint8Array,
  signers: readonly NamedSigner[] = [theSigner],
): Promise<Buffer> =>
  rawZip([
    { name: 'export.bin', content: bin },
    { name: 'export.sig', content: await sigOf(bin, signers) },
  ]);
