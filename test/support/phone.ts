import { verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { fieldsOf } from '@keyserver/export/testing';

/**
 * How phones decide whether a file is genuine, after the sample code that both makers have published: Apple's looks at the
 * first signature alone, Google's takes any that is by a key it knows. Written without the code under test.
 */
export interface Phone {
  readonly system: 'ios' | 'android';
  /** Public keys (PEM) that the maker has handed out, by key id and version. */
  readonly knows: readonly {
    readonly keyId: string;
    readonly keyVersion: string;
    readonly publicKey: string;
  }[];
}

const ECDSA_SHA256 = '1.2.840.10045.4.3.2';

/** Whether the phone matches the keys of an archive. */
export function accepts({ system, knows }: Phone, zip: Uint8Array): boolean {
  const bin = entryOf(zip, 'export.bin');
  const announced = [...fieldsOf(bin.subarray(16))].filter(({ number }) => number === 6);
  const signatures = signaturesIn(entryOf(zip, 'export.sig'));
  if (signatures.length === 0 || signatures.length !== announced.length) return false;
  const read = system === 'ios' ? signatures.slice(0, 1) : signatures;
  return read.some(({ keyId, keyVersion, algorithm, signature }) =>
    knows
      .filter((key) => key.keyId === keyId && key.keyVersion === keyVersion)
      .filter(() => algorithm === ECDSA_SHA256 && keyVersion !== '')
      .some(({ publicKey }) => verify('sha256', bin, publicKey, signature)),
  );
}

interface Signature {
  readonly keyId: string;
  readonly keyVersion: string;
  readonly algorithm: string;
  readonly signature: Buffer;
}

/** TEKSignatureList: signatures (1), each with its SignatureInfo (1) and the signature itself (4). */
const signaturesIn = (sig: Buffer): readonly Signature[] =>
  [...fieldsOf(sig)].map(({ content }) => {
    const info = field(content, 1);
    return {
      keyVersion: field(info, 3).toString(),
      keyId: field(info, 4).toString(),
      algorithm: field(info, 5).toString(),
      signature: field(content, 4),
    };
  });

const field = (message: Buffer, wanted: number): Buffer =>
  [...fieldsOf(message)].find(({ number }) => number === wanted)?.content ?? Buffer.alloc(0);

/** An entry of a zip, found by its directory, whose place the last 22 bytes say. */
function entryOf(zip: Uint8Array, wanted: string): Buffer {
  const bytes = Buffer.from(zip);
  let at = bytes.readUInt32LE(bytes.length - 6);
  for (let n = bytes.readUInt16LE(bytes.length - 12); n > 0; n--) {
    const [size, name, extra, comment] = [20, 28, 30, 32].map((field) =>
      field === 20 ? bytes.readUInt32LE(at + field) : bytes.readUInt16LE(at + field),
    ) as [number, number, number, number];
    if (bytes.toString('latin1', at + 46, at + 46 + name) === wanted) {
      const header = bytes.readUInt32LE(at + 42);
      const data = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
      return inflateRawSync(bytes.subarray(data, data + size));
    }
    at += 46 + name + extra + comment;
  }
  throw new Error(`the archive has no ${wanted}`);
}
