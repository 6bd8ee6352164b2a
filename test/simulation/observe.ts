import { createHash } from 'node:crypto';
import {
  type VerificationKey,
  indexName,
  parseIndex,
  parseVerificationKeys,
  readKeys,
  verificationKeysName,
  verifyExport,
} from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import type { SimulatedServer } from './server.ts';

const SERIES = 'v1';
const BUCKET = 'exports';
const NOT_AN_INDEX = Buffer.from('<html>');

/** What phones see of a server at one moment. */
export interface Glimpse {
  readonly now: UnixMillis;
  readonly archives: readonly SeenArchive[];
  /** Why the files as a whole cannot be read. */
  readonly faults: readonly string[];
}

/** One file that the index lists. */
export interface SeenArchive extends ReadArchive {
  readonly name: string;
}

interface ReadArchive {
  /** SHA-256, hex; undefined when it is not there. */
  readonly digest: string | undefined;
  readonly order: 'metadata' | 'key' | 'none';
  /** Base64. */
  readonly keys: readonly string[];
  /** Report types of the keys that were revised, by key. */
  readonly revised: ReadonlyMap<string, number>;
  /** Why phones would not take it; empty when they would. */
  readonly faults: readonly string[];
}

const MISSING: ReadArchive = {
  ...{ digest: undefined, order: 'metadata', keys: [], revised: new Map() },
  faults: ['it is listed and not there'],
};

/** A file that was seen before is downloaded again by every so many looks. */
const AGAIN = 4;

/**
 * Downloads what servers list, as phones do: what is new at each look, and a fourth of what was there before. An archive that has
 * not changed is verified once.
 */
export class Observer {
  readonly #read = new Map<string, ReadArchive>();
  readonly #seen = new Map<SimulatedServer, Map<string, ReadArchive>>();
  #looks = 0;

  /** Undefined while nobody serves files. */
  async glimpse(server: SimulatedServer): Promise<Glimpse | undefined> {
    const cdn = server.urlOf('cdn');
    if (cdn === undefined) return undefined;
    const listed = parseIndex((await download(cdn, indexName(SERIES))) ?? NOT_AN_INDEX);
    const document = await download(cdn, verificationKeysName(SERIES));
    const keys = document && parseVerificationKeys(document);
    const now = server.trueClock.now();
    const { region } = server.country;
    const seen = this.#seenAt(server);
    this.#looks += 1;
    const archives: SeenArchive[] = [];
    for (const [n, name] of (listed ?? []).entries()) {
      const known = (n + this.#looks) % AGAIN === 0 ? undefined : seen.get(name);
      const read = known ?? (await this.#download({ cdn, name }, { keys, now, region }));
      seen.set(name, read);
      archives.push({ name, ...read });
    }
    return {
      ...{ now, archives },
      faults: [
        ...(listed === undefined ? ['the index is none'] : []),
        ...(keys === undefined ? ['there are no keys to verify files with'] : []),
      ],
    };
  }

  /** Downloads and verifies everything again from now on. */
  forget(): void {
    this.#read.clear();
    this.#seen.clear();
  }

  #seenAt(server: SimulatedServer): Map<string, ReadArchive> {
    const seen = this.#seen.get(server) ?? new Map<string, ReadArchive>();
    this.#seen.set(server, seen);
    return seen;
  }

  async #download(
    { cdn, name }: { readonly cdn: string; readonly name: string },
    expected: Expected,
  ): Promise<ReadArchive> {
    const zip = await download(cdn, name);
    if (zip === undefined) return MISSING;
    const digest = createHash('sha256').update(zip).digest('hex');
    const known = this.#read.get(digest);
    if (known !== undefined) return known;
    const { violations, contents } = await verifyExport(zip, {
      ...expected,
      keys: expected.keys ?? [],
    });
    const listed = await readKeys(zip);
    const read: ReadArchive = {
      digest,
      order: contents?.order ?? 'none',
      keys: (listed?.keys ?? []).map(({ data }) => base64(data)),
      revised: new Map(
        listed?.revisedKeys.map(({ data, reportType }) => [base64(data), reportType ?? 0]),
      ),
      faults: violations.map(({ explanation }) => explanation),
    };
    this.#read.set(digest, read);
    return read;
  }
}

interface Expected {
  readonly keys: readonly VerificationKey[] | undefined;
  readonly now: UnixMillis;
  readonly region: string;
}

/** Whether an object can be downloaded. */
export const isThere = async (server: SimulatedServer, name: string): Promise<boolean> =>
  (await download(server.urlOf('cdn') ?? '', name)) !== undefined;

async function download(cdn: string, name: string): Promise<Uint8Array | undefined> {
  const response = await fetch(`${cdn}/${BUCKET}/${name}`);
  const content = await response.arrayBuffer();
  return response.status === 200 ? new Uint8Array(content) : undefined;
}

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
