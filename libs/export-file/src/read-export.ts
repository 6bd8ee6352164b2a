import { type WireExport, type WireSignature, decodeExport, decodeSignatures } from './decode.ts';
import { readArchive } from './read-archive.ts';
import type { Findings } from './violation.ts';

/** What could be read of an archive. */
export interface ReadExport {
  readonly bin: Uint8Array | undefined;
  readonly contents: WireExport | undefined;
  readonly signatures: readonly WireSignature[] | undefined;
}

/** Unpacks and decodes an archive. What cannot be read is left out, with a finding. */
export async function readExport(zip: Uint8Array, findings: Findings): Promise<ReadExport> {
  const { bin, sig } = await readArchive(zip, findings);
  const contents = bin === undefined ? undefined : decodeExport(bin);
  const signatures = sig === undefined ? undefined : decodeSignatures(sig);
  findings.require(sig === undefined || signatures !== undefined, 'sig_unparsable');
  if (typeof contents !== 'string') return { bin, contents, signatures };
  findings.add(contents);
  return { bin, contents: undefined, signatures };
}
