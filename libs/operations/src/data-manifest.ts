import { createHash } from 'node:crypto';
import { Ajv } from 'ajv';

/** What a finished export says of one collection: its documents, and its file. */
export interface ExportedCollection {
  readonly name: string;
  readonly documents: number;
  readonly digest: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What was exported: from where, until when, and what every file must be. */
export interface Manifest {
  /** Random; the same in every file of one export. */
  readonly exportId: string;
  /** The store that was read, as the operator named it. */
  readonly source: string;
  /** Store time of the source once everything had been read, ms. */
  readonly storeTime: number;
  readonly collections: readonly ExportedCollection[];
}

/** The name and number of the format, in every file of an export. A reader takes its own number only. */
export const FORMAT = { format: 'exposure-key-server-data', version: 1 } as const;

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const exact = (properties: object): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

const isManifest = new Ajv().compile<Manifest>(
  exact({
    format: { const: FORMAT.format },
    version: { const: FORMAT.version },
    exportId: { type: 'string', minLength: 1 },
    source: { type: 'string' },
    storeTime: count,
    collections: {
      type: 'array',
      items: exact({
        name: { type: 'string' },
        documents: count,
        digest: sha256,
        bytes: count,
        sha256,
      }),
    },
    checksum: sha256,
  }),
);

/** The text of a manifest; its last member is the SHA-256 of all before it. */
export function renderManifest({ exportId, source, storeTime, collections }: Manifest): string {
  const stated = { ...FORMAT, exportId, source, storeTime, collections };
  return `${JSON.stringify({ ...stated, checksum: checksumOf(stated) }, undefined, 2)}\n`;
}

/** The manifest that a text holds; undefined when it is none of this version, or was changed. */
export function parseManifest(text: string): Manifest | undefined {
  const stated = parsed(text);
  if (!isManifest(stated)) return undefined;
  return renderManifest(stated) === text ? stated : undefined;
}

const checksumOf = (stated: object): string =>
  createHash('sha256').update(JSON.stringify(stated)).digest('hex');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
