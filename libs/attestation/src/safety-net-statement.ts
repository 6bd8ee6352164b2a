/** What a SafetyNet statement says, as far as it is used. */
export interface SafetyNetStatement {
  /** The bytes that the app passed. */
  readonly nonce: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly madeAt: number;
  /** Absent, like the certificates, when integrity failed. */
  readonly package: string | undefined;
  /** SHA-256, in hex. */
  readonly certificates: readonly string[];
  readonly ctsProfileMatch: boolean;
  readonly basicIntegrity: boolean;
}

/** Reads the payload of a statement; undefined when it is no JSON or a member that is used has another type. */
export function readStatement(payload: Uint8Array): SafetyNetStatement | undefined {
  const members = parsed(payload);
  if (members === undefined) return undefined;
  const nonce = members['nonce'];
  const madeAt = members['timestampMs'];
  const packageName = members['apkPackageName'];
  const certificates = members['apkCertificateDigestSha256'] ?? [];
  if (typeof nonce !== 'string' || typeof madeAt !== 'number') return undefined;
  if (packageName !== undefined && typeof packageName !== 'string') return undefined;
  if (!isTexts(certificates)) return undefined;
  return {
    nonce: Buffer.from(nonce, 'base64'),
    madeAt,
    package: packageName,
    certificates: certificates.map((each) => Buffer.from(each, 'base64').toString('hex')),
    ctsProfileMatch: members['ctsProfileMatch'] === true,
    basicIntegrity: members['basicIntegrity'] === true,
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

type Members = Readonly<Record<string, unknown>>;

function parsed(payload: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}
