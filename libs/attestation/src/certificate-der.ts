import { X509Certificate } from 'node:crypto';
import { DER, type DerElement, readDer, readSole, readSoleList } from './der.ts';

/** An X.509 certificate that fills its bytes, and the extensions that Node does not show. */
export interface ReadCertificate {
  readonly certificate: X509Certificate;
  readonly extensions: readonly Extension[];
}

/** An extension of a certificate (RFC 5280, 4.1). */
export interface Extension {
  /** The object identifier's DER contents in hex. */
  readonly id: string;
  /** What the extension's octet string holds. */
  readonly value: Uint8Array;
}

/**
 * Reads a certificate in DER. Undefined when anything trails it, when it is not DER, or when Node cannot read it: Node
 * itself would take PEM, and ignore trailing bytes.
 */
export function readCertificate(der: Uint8Array): ReadCertificate | undefined {
  const extensions = extensionsOf(der);
  const certificate = extensions && parsed(der);
  return certificate && { certificate, extensions };
}

function parsed(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** The third element of a certificate's body in a context tag of its own; a certificate of version 1 has none. */
function extensionsOf(der: Uint8Array): readonly Extension[] | undefined {
  const [body] = readSoleList(der, DER.sequence) ?? [];
  const fields = body?.tag === DER.sequence ? readDer(body.content) : undefined;
  if (fields === undefined) return undefined;
  const field = fields.find(({ tag }) => tag === DER.explicit(3));
  if (field === undefined) return [];
  const list = readSoleList(field.content, DER.sequence);
  const extensions = list?.map(readExtension);
  return extensions?.every((extension) => extension !== undefined) === true
    ? extensions
    : undefined;
}

function readExtension({ tag, content }: DerElement): Extension | undefined {
  const parts = tag === DER.sequence ? readDer(content) : undefined;
  const [id, ...rest] = parts ?? [];
  // "Critical" may stand between the two.
  const [value, ...more] = rest[0]?.tag === DER.boolean ? rest.slice(1) : rest;
  if (id?.tag !== DER.objectId || value?.tag !== DER.octetString || more.length > 0)
    return undefined;
  return { id: Buffer.from(id.content).toString('hex'), value: value.content };
}

/** `1.2.840.113635.100.8.2`, in which Apple's certificates carry the nonce of an attestation. */
const APPLE_NONCE = '2a864886f76364' + '0802';

/**
 * The nonce in an App Attest certificate: `SEQUENCE { [1] EXPLICIT OCTET STRING(32) }`. Undefined unless there is exactly
 * one such extension with exactly that in it.
 */
export function appleNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const [extension, ...more] = extensions.filter(({ id }) => id === APPLE_NONCE);
  if (extension === undefined || more.length > 0) return undefined;
  const wrapped = readSole(extension.value, DER.sequence);
  const text = wrapped && readSole(wrapped, DER.explicit(1));
  const nonce = text && readSole(text, DER.octetString);
  return nonce?.length === 32 ? nonce : undefined;
}
