import { type ExposureKey, keyEnd, keyHex } from '@keyserver/exposure-keys';
import type { Grant } from '@keyserver/federation';
import { DAY, intervalNumber, intervalStart } from '@keyserver/time';
import type { FederationModel } from './federation-model.ts';
import { isGranted } from './grants.ts';
import type { Link } from './link.ts';
import type { ModelDocument, ModelServer } from './model-server.ts';

/** What a history of the model ended with that the rule forbids; nothing, as it should be. */
export const violationsOf = (model: FederationModel): readonly string[] => [
  ...model.seen,
  ...model.servers.flatMap(twiceInARegion),
  ...model.links.flatMap(({ link }) => [...lost(link), ...unrevised(link)]),
];

/** A key is in one primary record at most for each region, its copies of other servers counted. */
function twiceInARegion(server: ModelServer): readonly string[] {
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
          return [`${server.id} has ${id} twice`];
        }),
      ),
    );
}

/** Every key that was granted all the time, and that nothing made too old, is there in every region that was shown. */
const lost = (link: Link): readonly string[] =>
  link.from.documents
    .filter((document) => document.kind === 'primary' && isOwed(link, document))
    .flatMap((document) =>
      document.keys
        .filter((key) => !isTooOld(link, key))
        .flatMap(({ data }) => missing(link, document, keyHex(data))),
    );

function missing(link: Link, document: ModelDocument, hex: string): readonly string[] {
  const copies = link.to.holding(hex).filter(({ kind }) => kind === 'primary');
  const there = new Set(copies.flatMap(({ regions }) => regions));
  const shown = shownRegions(link, document).filter((region) => !there.has(region));
  if (copies.length > 0 && shown.length === 0) return [];
  return [`${link.query.id} lost ${hex} ${shown.join()} of ${link.partner.mode}`];
}

/** Who has a key from a partner has its revision too, in the regions that the partner has revised. */
const unrevised = (link: Link): readonly string[] =>
  link.from.documents
    .filter((document) => document.kind === 'revision' && isOwed(link, document))
    .flatMap((document) =>
      document.keys.flatMap(({ data }) => {
        const hex = keyHex(data);
        const copies = link.to.holding(hex).filter(({ sourceId }) => sourceId === link.query.id);
        const regionsIn = (kind: ModelDocument['kind']): ReadonlySet<string> =>
          new Set(copies.filter((one) => one.kind === kind).flatMap(({ regions }) => regions));
        const [primary, revised] = [regionsIn('primary'), regionsIn('revision')];
        const bare = shownRegions(link, document).filter(
          (region) => primary.has(region) && !revised.has(region),
        );
        return bare.length === 0 ? [] : [`${link.query.id} did not revise ${hex} in ${bare.join()}`];
      }),
    );

/** Whether a document had to arrive: allowed by every grant since its day and asked for, in time, and generated only for who is padded. */
function isOwed(link: Link, document: ModelDocument): boolean {
  const { from, grants, partner, query } = link;
  const span = partner.mode === 'padded' ? partner.unit : 0;
  // What the last rounds found served for certain, with a unit that may be past retention as a whole.
  if (document.window < from.now - from.keeping.retention + span + SETTLING) return false;
  const since = grants.since(document.window);
  if (document.origin === 'padding' && partner.mode === 'fresh') return false;
  if (partner.mode === 'padded' && since.length > 1) return false;
  const isLocal = document.origin === 'local' || document.origin === 'padding';
  if (query.onlyLocalProvenance && !isLocal) return false;
  if (query.onlyTravelers && !document.traveler) return false;
  return isGranted(narrowest(link, since), document);
}

/** The last rounds take so long at most, ms. */
const SETTLING = 6 * DAY;

/** What all grants allow of what the query wants. */
function narrowest({ query }: Link, grants: readonly Grant[]): Grant {
  const wanted = query.includeRegions;
  return grants.reduce(
    (all, grant) => ({
      includeRegions: all.includeRegions.filter((region) => grant.includeRegions.includes(region)),
      excludeRegions: [...all.excludeRegions, ...grant.excludeRegions],
      includeTravelers: all.includeTravelers && grant.includeTravelers,
      onlyLocalProvenance: all.onlyLocalProvenance || grant.onlyLocalProvenance,
    }),
    {
      includeRegions: wanted.length === 0 ? ['XA', 'XB', 'XC', 'XD'] : wanted,
      ...{ excludeRegions: [], includeTravelers: true, onlyLocalProvenance: false },
    } satisfies Grant as Grant,
  );
}

const shownRegions = (link: Link, { regions, window }: ModelDocument): readonly string[] => {
  const { includeRegions } = narrowest(link, link.grants.since(window));
  return regions.filter((region) => includeRegions.includes(region));
};

const isTooOld = ({ to }: Link, key: ExposureKey): boolean =>
  intervalStart(intervalNumber(keyEnd(key))) < to.now - to.keeping.maxAge;
