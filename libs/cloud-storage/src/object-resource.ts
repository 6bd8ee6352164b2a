import type { BlobHeaders, BlobInfo } from '@keyserver/export-file';
import { CloudStorageFault } from './fault.ts';

/** An object as Cloud Storage describes it. */
export interface ObjectResource {
  readonly info: BlobInfo;
  /** CRC32C of the content, in base64. */
  readonly crc32c: string;
  /** The attempt that wrote it; undefined for an object that something else has put there. */
  readonly writtenBy: string | undefined;
}

/** What is said of an object when it is created. `writtenBy` lets an attempt recognise its own object afterwards. */
export const descriptionOf = (
  { contentType, cacheControl, digest }: BlobHeaders,
  writtenBy: string,
): { contentType: string; cacheControl: string; metadata: Record<string, string> } => ({
  contentType,
  cacheControl,
  metadata: { digest, writer: writtenBy },
});

const NUMBER = /^\d+$/;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

// The interface gives numbers as text, but some calls of the client turn them into numbers.
const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Reads the description of an object. What others have put there has no digest, and may have no cache header. */
export function parseResource(name: string, resource: unknown): ObjectResource {
  const fields: Fields = isFields(resource) ? resource : {};
  const { generation, size, contentType, cacheControl, crc32c, metadata } = fields;
  const custom: Fields = isFields(metadata) ? metadata : {};
  const found = { generation: textOf(generation), size: textOf(size), crc32c: textOf(crc32c) };
  if (!NUMBER.test(found.generation) || !NUMBER.test(found.size) || found.crc32c === '') {
    throw new CloudStorageFault('refused', 'reading the description of an object');
  }
  const info: BlobInfo = {
    name,
    generation: found.generation,
    size: Number(found.size),
    contentType: textOf(contentType),
    cacheControl: textOf(cacheControl),
    digest: textOf(custom['digest']),
  };
  const writer = custom['writer'];
  return {
    info,
    crc32c: found.crc32c,
    writtenBy: typeof writer === 'string' ? writer : undefined,
  };
}
