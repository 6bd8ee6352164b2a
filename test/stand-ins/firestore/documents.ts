import { Collection, type Version } from './collection.ts';
import { type Place, placeOf } from './document-name.ts';
import type { Micros } from './store-clock.ts';

/** What a commit does to one document. */
export interface Change {
  readonly place: Place;
  readonly before: Version | undefined;
  readonly after: Version | undefined;
}

/** All documents of the stand-in, of whatever project and database. */
export class Documents {
  private readonly collections = new Map<string, Collection>();

  count(): number {
    return [...this.collections.values()].reduce((sum, { size }) => sum + size, 0);
  }

  collection(name: string): Collection {
    const known = this.collections.get(name);
    if (known !== undefined) return known;
    const created = new Collection();
    this.collections.set(name, created);
    return created;
  }

  get(place: Place, at?: Micros): Version | undefined {
    return this.collection(place.collection).get(place.id, at);
  }

  apply(changes: readonly Change[], at: Micros): void {
    for (const { place, after } of changes)
      this.collection(place.collection).replace(place.id, after, at);
  }

  /** Puts what one database holds into another one, which is empty; "projects/<project>/databases/<database>". */
  copy(from: string, to: string): void {
    const names = this.namesBelow(`${from}/`).flatMap((name) => this.collection(name).names());
    const versions = names.flatMap((name) => this.get(placeOf(name)) ?? []);
    for (const version of versions.toSorted((a, b) => a.updateTime - b.updateTime)) {
      const place = placeOf(to + version.place.name.slice(from.length));
      const after = { ...version, place, keys: new Map<string, readonly string[]>() };
      this.collection(place.collection).replace(place.id, after, version.updateTime);
    }
  }

  /** The full names of the collections that have documents, somewhere below a name. */
  namesBelow(prefix: string): readonly string[] {
    const inUse = [...this.collections].filter(([, { size }]) => size > 0);
    return inUse.map(([name]) => name).filter((name) => name.startsWith(prefix));
  }
}
