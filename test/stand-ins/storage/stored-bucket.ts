import { Refusal, invalid } from './answer.ts';
import { type Checksums, checksumsOf } from './checksums.ts';
import { checkPreconditions } from './preconditions.ts';

/** What an uploader may say of an object. */
export interface ObjectDescription extends Partial<Checksums> {
  readonly name?: string;
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An object with all that is known of it. */
export interface StoredObject extends Omit<ObjectDescription, keyof Checksums>, Checksums {
  readonly bucket: string;
  readonly name: string;
  readonly contentType: string;
  readonly generation: string;
  readonly metageneration: string;
  readonly updated: number;
  readonly content: Buffer;
}

const MOST_NAME_BYTES = 1024;

/** What a bucket is kept with. */
interface BucketOptions {
  readonly now: () => number;
  readonly checksDeclared: boolean;
  /** Most objects in a page of a list. */
  readonly mostListed: number;
}

/** One bucket in memory, without versioning: an older generation is gone. */
export class StoredBucket {
  readonly name: string;
  readonly #options: BucketOptions;
  readonly #objects = new Map<string, StoredObject>();
  #lastGeneration = 0;

  constructor(name: string, options: BucketOptions) {
    this.name = name;
    this.#options = options;
  }

  names(): string[] {
    return [...this.#objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  find(name: string): StoredObject | undefined {
    return this.#objects.get(name);
  }

  /** An object for a reader, who may ask for one generation only. */
  get(name: string, query: URLSearchParams): StoredObject {
    const found = this.#objects.get(name);
    const generation = query.get('generation');
    if (found === undefined || (generation !== null && generation !== found.generation)) {
      throw new Refusal(404, 'notFound', `No such object: ${this.name}/${name}`);
    }
    checkPreconditions(found, query, 'read');
    return found;
  }

  insert(description: ObjectDescription, content: Buffer, query: URLSearchParams): StoredObject {
    const name = this.nameOf(description, query);
    checkPreconditions(this.#objects.get(name), query, 'write');
    const sums = checksumsOf(content);
    if (this.#options.checksDeclared) refuseOtherChecksums(description, sums);
    const now = this.#options.now();
    this.#lastGeneration = Math.max(this.#lastGeneration + 1, now * 1000);
    const stored = {
      ...description,
      ...sums,
      bucket: this.name,
      name,
      contentType: description.contentType ?? 'application/octet-stream',
      generation: String(this.#lastGeneration),
      metageneration: '1',
      updated: now,
      content,
    };
    this.#objects.set(name, stored);
    return stored;
  }

  delete(name: string, query: URLSearchParams): void {
    const { generation, metageneration } = this.get(name, new URLSearchParams());
    checkPreconditions({ generation, metageneration }, query, 'write');
    this.#objects.delete(name);
  }

  list(query: URLSearchParams): { items: StoredObject[]; nextPageToken?: string } {
    const prefix = query.get('prefix') ?? '';
    const { mostListed } = this.#options;
    const asked = Number(query.get('maxResults') ?? mostListed);
    const after = Buffer.from(query.get('pageToken') ?? '', 'base64url');
    const names = this.names().filter(
      (name) => name.startsWith(prefix) && Buffer.compare(Buffer.from(name), after) > 0,
    );
    const page = names.slice(0, Math.min(asked, mostListed));
    const items = page.flatMap((name) => this.#objects.get(name) ?? []);
    const last = page.at(-1);
    if (last === undefined || page.length === names.length) return { items };
    return { items, nextPageToken: Buffer.from(last).toString('base64url') };
  }

  nameOf(description: ObjectDescription, query: URLSearchParams): string {
    const name = query.get('name') ?? description.name ?? '';
    if (name === '' || Buffer.byteLength(name) > MOST_NAME_BYTES) throw invalid('Invalid name.');
    return name;
  }
}

function refuseOtherChecksums(declared: Partial<Checksums>, actual: Checksums): void {
  for (const kind of ['crc32c', 'md5Hash'] as const) {
    if (declared[kind] !== undefined && declared[kind] !== actual[kind]) {
      throw invalid(`Provided ${kind} does not match the ${kind} that was calculated.`);
    }
  }
}

/** An object as the JSON interface describes it. */
export function resourceOf(object: StoredObject): object {
  const { content, updated, ...said } = object;
  const time = new Date(updated).toISOString();
  return {
    kind: 'storage#object',
    id: `${object.bucket}/${object.name}/${object.generation}`,
    ...said,
    size: String(content.length),
    etag: etagOf(object),
    timeCreated: time,
    updated: time,
  };
}

/** Changes with every generation. */
export const etagOf = ({ generation, md5Hash }: StoredObject): string =>
  `${generation}-${Buffer.from(md5Hash, 'base64').toString('hex')}`;
