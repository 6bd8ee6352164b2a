import { createHash } from 'node:crypto';
import type { StoreFormat } from '@keyserver/stores';
import { windowLength } from '@keyserver/time';
import { Ajv } from 'ajv';

/**
 * What data keep of their store's format when they move to another store. The id names one store, the closing delay belongs
 * to its platform, and revision tokens are wrapped anew where the data go.
 */
export type MovedFormat = Pick<
  StoreFormat,
  'version' | 'shards' | 'windows' | 'profile' | 'keyHashCheck'
>;

/** The part of a format that moves. */
export const movedFormatOf = ({
  version,
  shards,
  windows,
  profile,
  keyHashCheck,
}: MovedFormat): MovedFormat => ({
  version,
  shards,
  ...(windows === undefined ? {} : { windows }),
  ...(profile === undefined ? {} : { profile }),
  ...(keyHashCheck === undefined ? {} : { keyHashCheck }),
});

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
  /** What readers and writers of the data must agree on; a version that knew of none left it out. */
  readonly storeFormat?: MovedFormat;
  readonly collections: readonly ExportedCollection[];
}

/** The name and number of the format, in every file of an export. A reader takes its own number only. */
export const FORMAT = { format: 'exposure-key-server-data', version: 1 } as const;

const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const exact = (properties: object, optional: object = {}): object => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

const movedFormat = exact(
  { version: count, shards: count },
  {
    windows: { type: 'array', minItems: 1, items: exact({ from: count, length: count }) },
    profile: { enum: ['development', 'production'] },
    keyHashCheck: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
);

const isManifest = new Ajv().compile<Manifest>(
  exact(
    {
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
    },
    { storeFormat: movedFormat },
  ),
);

/** The text of a manifest; its last member is the SHA-256 of all before it. */
export function renderManifest(manifest: Manifest): string {
  const { exportId, source, storeTime, storeFormat, collections } = manifest;
  const format = storeFormat === undefined ? {} : { storeFormat };
  const stated = { ...FORMAT, exportId, source, storeTime, ...format, collections };
  return `${JSON.stringify({ ...stated, checksum: checksumOf(stated) }, undefined, 2)}\n`;
}

/** The manifest that a text holds; undefined when it is none of this version, or was changed. */
export function parseManifest(text: string): Manifest | undefined {
  const stated = parsed(text);
  if (!isManifest(stated) || !hasPossibleWindows(stated)) return undefined;
  return renderManifest(stated) === text ? stated : undefined;
}

const hasPossibleWindows = ({ storeFormat }: Manifest): boolean =>
  (storeFormat?.windows ?? []).every(({ length }) => windowLength(length) !== undefined);

const checksumOf = (stated: object): string =>
  createHash('sha256').update(JSON.stringify(stated)).digest('hex');

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
