import { type ExposureKey, keyEnd, keyHex } from '@keyserver/exposure-keys';
import type { Grant } from '@keyserver/federation';
import { DAY, intervalNumber, intervalStart } from '@keyserver/time';
import { type FederationModel, REGIONS } from './federation-model.ts';
import { isGranted, narrowed } from './grants.ts';
import type { Link } from './link.ts';
import type { ModelDocument, ModelServer } from './model-server.ts';
import type { Violation } from './network.ts';

/** What a history of the model ended with that the rule forbids; nothing, as it should be. */
export const violationsOf = (model: FederationModel): readonly Violation[] => [
  ...model.seen,
  ...model.servers.flatMap(twiceInARegion),
  ...model.links.flatMap(({ link }) => [...lost(link), ...unrevised(link)]),
];

/** A key is in one primary record at most for each region, its copies of other servers counted. */
function twiceInARegion(server: ModelServer): readonly Violation[] {
  const seen = new Set<string>();
  return server.documents
    .filter(({ kind }) => kind === 'primary')
    .flatMap(({ keys, regions }) =>
      keys.flatMap(({ data }) =>
        (regions.length === 0 ? ['no region'] : regions).flatMap((region) => {
          const id = `${keyHex(data)} ${region}`;
          if (!seen.has(id)) {
            seen.add(id);
            return [];
          }
          return [{ broken: 'twice' as const, what: `${id} on ${server.id}` }];
        }),
      ),
    );
}

/** Every key that was granted all the time, and that nothing made too old, is there in every region that was shown. */
const lost = (link: Link): readonly Violation[] =>
  link.from.documents
    .filter((document) => document.kind === 'primary' && isOwed(link, document))
    .flatMap((document) =>
      document.keys
        .filter((key) => !isTooOld(link, key) && !isKeptBack(link, document, key))
        .flatMap(({ data }) => missing(link, document, keyHex(data))),
    );

function missing(link: Link, document: ModelDocument, hex: string): readonly Violation[] {
  const copies = link.to.holding(hex).filter(({ kind }) => kind === 'primary');
  const there = new Set(copies.flatMap(({ regions }) => regions));
  const shown = shownRegions(link, document).filter((region) => !there.has(region));
  if (copies.length > 0 && shown.length === 0) return [];
  const what = `${hex} of ${link.query.id}, ${link.partner.mode}, in [${shown.join()}]`;
  return [{ broken: 'lost', what }];
}

/** Who has a key from a partner has its revision too, in the regions that the partner has revised. */
const unrevised = (link: Link): readonly Violation[] =>
  link.from.documents
    .filter((document) => document.kind === 'revision' && isOwed(link, document))
    .flatMap((document) =>
      document.keys.flatMap((key) => {
        if (isKeptBack(link, document, key)) return [];
        const hex = keyHex(key.data);
        const copies = link.to.holding(hex).filter(({ sourceId }) => sourceId === link.query.id);
        const regionsIn = (kind: ModelDocument['kind']): ReadonlySet<string> =>
          new Set(copies.filter((one) => one.kind === kind).flatMap(({ regions }) => regions));
        const [primary, revised] = [regionsIn('primary'), regionsIn('revision')];
        const bare = shownRegions(link, document).filter(
          (region) => primary.has(region) && !revised.has(region),
        );
        return bare.length === 0
          ? []
          : [
              {
                broken: 'unrevised' as const,
                what: `${hex} of ${link.query.id} in [${bare.join()}]`,
              },
            ];
      }),
    );

/**
 * Whether another copy in the same unit has an excluded region, which refuses the whole key. Who is padded is given cells of copies,
 * and never sees the other one.
 */
function isKeptBack(link: Link, { kind, window }: ModelDocument, { data }: ExposureKey): boolean {
  const { excludeRegions } = narrowest(link, link.grants.since(window));
  return (
    link.partner.mode === 'fresh' &&
    link.from
      .holding(keyHex(data))
      .some(
        (copy) =>
          copy.kind === kind &&
          copy.window === window &&
          copy.regions.some((region) => excludeRegions.includes(region)),
      )
  );
}

/** Whether a document had to arrive: asked for, allowed by every grant since its day, and in time. */
function isOwed(link: Link, document: ModelDocument): boolean {
  const since = link.grants.since(document.window);
  return (
    isInTime(link, document) &&
    isAsked(link, document) &&
    isGranted(narrowest(link, since), document) &&
    // Who is padded is given nothing of days that were planned with a wider grant.
    (link.partner.mode === 'fresh' || since.length === 1)
  );
}

/** What the last rounds found served for certain, with a unit that may be past retention as a whole. */
const isInTime = ({ from, partner }: Link, { window }: ModelDocument): boolean =>
  window >= from.now - from.keeping.retention + SETTLING + partner.unit;

/** Whether the query wants a document; generated ones are for who is padded. */
function isAsked({ partner, query }: Link, { origin, traveler }: ModelDocument): boolean {
  if (origin === 'padding' && partner.mode === 'fresh') return false;
  const isLocal = origin === 'local' || origin === 'padding';
  return (isLocal || !query.onlyLocalProvenance) && (traveler || !query.onlyTravelers);
}

/** The last rounds take so long at most, ms. */
const SETTLING = 6 * DAY;

/** What all grants allow of what the query wants. */
function narrowest({ query: { includeRegions: wanted } }: Link, grants: readonly Grant[]): Grant {
  const everything: Grant = {
    includeRegions: wanted.length === 0 ? REGIONS : wanted,
    ...{ excludeRegions: [], includeTravelers: true, onlyLocalProvenance: false },
  };
  return grants.reduce(narrowed, everything);
}

const shownRegions = (link: Link, { regions, window }: ModelDocument): readonly string[] => {
  const { includeRegions } = narrowest(link, link.grants.since(window));
  return regions.filter((region) => includeRegions.includes(region));
};

const isTooOld = ({ to }: Link, key: ExposureKey): boolean =>
  intervalStart(intervalNumber(keyEnd(key))) < to.now - to.keeping.maxAge;
