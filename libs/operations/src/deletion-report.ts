import { createPublicKey, verify } from 'node:crypto';
import type { Signer } from '@keyserver/export-file';
import type { LifecycleGoal } from '@keyserver/stores';
import type { Census } from './server-census.ts';

/** What a report of a deletion says. Times are ms since 1970, by store time. */
export interface Deletion {
  readonly storeId: string;
  readonly goal: LifecycleGoal;
  readonly uploadsUntil: number;
  readonly drainedAt: number;
  readonly emptiedFrom: number;
  readonly deletedAt: number;
  /** What was there before. */
  readonly deleted: Census;
  /** What is left of it: documents of those collections, and objects of those places. */
  readonly left: { readonly documents: number; readonly objects: number };
  /** Collections that stay, with the reason. */
  readonly stays: Readonly<Record<string, string>>;
  /** The last entry of the audit before the end. */
  readonly audit: { readonly sequence: number; readonly hash: string };
}

/** A signed report: the text that is signed, and what it is checked with. */
export interface DeletionReport {
  readonly report: string;
  readonly publicKey: string;
  /** ECDSA P-256 with SHA-256 over `FIRST_LINE` and the text, ASN.1 DER, base64. */
  readonly signature: string;
}

/** No export file and no checkpoint begins like this, so none of the signatures is good for another. */
const FIRST_LINE = 'keyserver deletion report 1\n';

const signedBytes = (report: string): Buffer => Buffer.from(`${FIRST_LINE}${report}`);

/** Signs a report, and makes sure that its signature holds. */
export async function signDeletion(deletion: Deletion, signer: Signer): Promise<DeletionReport> {
  const report = JSON.stringify(deletion);
  const signing = signer.begin();
  signing.update(signedBytes(report));
  const signature = Buffer.from(await signing.finish()).toString('base64');
  const signed = { report, publicKey: await signer.publicKey(), signature };
  if (!isReportSignedBy(signed, signed.publicKey))
    throw new Error('a report was signed, and its signature does not verify');
  return signed;
}

/** Whether the signature of a report is that of a public key (PEM, SPKI). */
export function isReportSignedBy(
  { report, signature }: DeletionReport,
  publicKey: string,
): boolean {
  try {
    const key = createPublicKey(publicKey);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    const bytes = Buffer.from(signature, 'base64');
    return verify('sha256', signedBytes(report), { key, dsaEncoding: 'der' }, bytes);
  } catch {
    return false; // a text that is no key has signed nothing
  }
}

/** The signed report as it is stored and printed. */
export const reportText = (signed: DeletionReport): string =>
  `${JSON.stringify(signed, null, 2)}\n`;

/** Reads a signed report; undefined when it is none. */
export function parseReport(text: string): DeletionReport | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const of = (name: string): unknown => Reflect.get(parsed, name);
    const [report, publicKey, signature] = [of('report'), of('publicKey'), of('signature')];
    if (typeof report !== 'string' || typeof publicKey !== 'string') return undefined;
    return typeof signature === 'string' ? { report, publicKey, signature } : undefined;
  } catch {
    return undefined; // no JSON
  }
}
