import type { Place } from './document-name.ts';
import { type IndexShape, entryKeys } from './index-shape.ts';
import { SortedEntries } from './sorted-entries.ts';
import type { Micros } from './store-clock.ts';
import type { Fields } from './value.ts';

/** A document as one commit left it. */
export interface Version {
  readonly place: Place;
  readonly fields: Fields;
  readonly createTime: Micros;
  readonly updateTime: Micros;
  /** The keys under which indexes list it, by the signature of the index, as far as anyone has asked. */
  readonly keys: Map<string, readonly string[]>;
}

interface PastVersion {
  readonly version: Version;
  readonly until: Micros;
}

interface Index {
  readonly shape: IndexShape;
  readonly entries: SortedEntries<Version>;
}

/** How far back a read may reach. */
export const HISTORY: Micros = 3_600_000_000;

/** The keys under which an index lists a document. */
export function keysOf(shape: IndexShape, { place, fields, keys }: Version): readonly string[] {
  const known = keys.get(shape.signature);
  if (known !== undefined) return known;
  const made = entryKeys(shape, place.id, fields);
  keys.set(shape.signature, made);
  return made;
}

function indexOf(shape: IndexShape, versions: Iterable<Version>): SortedEntries<Version> {
  const entries = [...versions].flatMap((item) =>
    keysOf(shape, item).map((key) => ({ key, item })),
  );
  return new SortedEntries(entries);
}

/** The documents of one collection, now and in the last hour; an index is made when a query first asks for it. */
export class Collection {
  private readonly live = new Map<string, Version>();
  private readonly past: PastVersion[] = [];
  private readonly indexes = new Map<string, Index>();
  private changedAt: Micros = 0;

  get size(): number {
    return this.live.size;
  }

  names(): readonly string[] {
    return [...this.live.values()].map(({ place }) => place.name);
  }

  /** A document as it is, or as it was at a time. */
  get(id: string, at?: Micros): Version | undefined {
    const now = this.live.get(id);
    if (at === undefined || (now !== undefined && now.updateTime <= at)) return now;
    return this.past.find(
      ({ version, until }) => version.place.id === id && version.updateTime <= at && until > at,
    )?.version;
  }

  /** The entries of an index as it is, or as it would have been at a time. */
  entries(shape: IndexShape, at?: Micros): SortedEntries<Version> {
    if (at !== undefined && at < this.changedAt) return indexOf(shape, this.versionsAt(at));
    const known = this.indexes.get(shape.signature);
    if (known !== undefined) return known.entries;
    const entries = indexOf(shape, this.live.values());
    this.indexes.set(shape.signature, { shape, entries });
    return entries;
  }

  /** Puts a version in place of the one that is there, or nothing in its place. */
  replace(id: string, next: Version | undefined, at: Micros): void {
    const old = this.live.get(id);
    this.changedAt = at;
    if (old !== undefined) this.retire(old, at);
    if (next === undefined) return;
    this.live.set(id, next);
    for (const { shape, entries } of this.indexes.values())
      for (const key of keysOf(shape, next)) entries.set(key, next);
  }

  private retire(old: Version, at: Micros): void {
    this.live.delete(old.place.id);
    for (const { shape, entries } of this.indexes.values())
      for (const key of keysOf(shape, old)) entries.delete(key);
    this.past.push({ version: old, until: at });
    while ((this.past[0]?.until ?? at) < at - HISTORY) this.past.shift();
  }

  private *versionsAt(at: Micros): Generator<Version> {
    for (const version of this.live.values()) if (version.updateTime <= at) yield version;
    for (const { version, until } of this.past)
      if (version.updateTime <= at && until > at) yield version;
  }
}
