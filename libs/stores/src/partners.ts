import {
  type DocumentOf,
  type DocumentStore,
  type Json,
  bool,
  collection,
  int,
  optional,
  text,
  texts,
} from '@keyserver/docstore';
import type { Partner } from '@keyserver/federation';
import { unixMillis } from '@keyserver/time';
import { array, integer, member, record, textOf } from './stored-json.ts';

const fields = {
  issuer: text(),
  subject: text(),
  audience: text(),
  includeRegions: texts(),
  excludeRegions: texts(),
  includeTravelers: bool(),
  onlyLocalProvenance: bool(),
  mode: text<Partner['mode']>(),
  unit: int(),
  minRecords: int(),
  paddingRange: int(),
  maxPageKeys: int(),
  callsPerMinute: int(),
  from: int(),
  thru: optional(int()),
};

/** Federation partners by id, as an operator configured them last: their grant in force. */
export const partners = collection({
  name: 'partners',
  fields,
  indexes: [['issuer', 'subject']],
});

type PartnerDocument = DocumentOf<typeof fields>;

/** The partner of a stored document. */
export const partnerOf = (id: string, stored: PartnerDocument): Partner => ({
  ...stored,
  id,
  from: unixMillis(stored.from),
  thru: stored.thru === undefined ? undefined : unixMillis(stored.thru),
});

/** A partner as its document. */
export function partnerDocument(partner: Partner): PartnerDocument {
  const { id, thru, ...rest } = partner;
  return { ...rest, ...(thru === undefined ? {} : { thru }) };
}

/** A copy of a partner as it is stored within another document, or a fault. */
export function storedPartner(stored: Json): Partner {
  const partner = record(stored);
  const field = (name: keyof Partner): Json | undefined => member(partner, name);
  const thru = field('thru');
  return {
    id: textOf(field('id')),
    issuer: textOf(field('issuer')),
    subject: textOf(field('subject')),
    audience: textOf(field('audience')),
    includeRegions: array(field('includeRegions')).map(textOf),
    excludeRegions: array(field('excludeRegions')).map(textOf),
    includeTravelers: field('includeTravelers') === true,
    onlyLocalProvenance: field('onlyLocalProvenance') !== false,
    mode: field('mode') === 'fresh' ? 'fresh' : 'padded',
    unit: integer(field('unit')),
    minRecords: integer(field('minRecords')),
    paddingRange: integer(field('paddingRange')),
    maxPageKeys: integer(field('maxPageKeys')),
    callsPerMinute: integer(field('callsPerMinute')),
    from: unixMillis(integer(field('from'))),
    thru: thru === undefined ? undefined : unixMillis(integer(thru)),
  };
}

/** Longest indexed text that every document store can look up. */
const MAX_BYTES = 1500;

const isSearchable = (sent: string): boolean =>
  sent !== '' && Buffer.byteLength(sent) <= MAX_BYTES && !/\p{Cs}/u.test(sent);

/** Finds a partner by the issuer and subject of its identity tokens, letter for letter, as it is configured at this moment: a revoked one is gone at once. */
export type FindPartner = (identity: {
  readonly issuer: string;
  readonly subject: string;
}) => Promise<Partner | undefined>;

/**
 * Looks partners up as they are configured at this moment; one that has not begun, or has ended, too. What was found is remembered
 * only as long as the store says that nothing at all was committed since before it was looked up.
 */
export function findPartner(store: DocumentStore): FindPartner {
  const known = knownAtMark();
  return async ({ issuer, subject }) => {
    if (!isSearchable(issuer) || !isSearchable(subject)) return undefined;
    const mark = store.changeMark?.();
    if (mark === undefined) return await lookUp(store, issuer, subject);
    const id = JSON.stringify([issuer, subject]);
    const remembered = known.at(mark).get(id);
    if (remembered !== undefined) return remembered;
    const found = await lookUp(store, issuer, subject);
    // Another call may have seen a later mark meanwhile; this one belongs to the mark that it began with.
    if (found !== undefined && known.isAt(mark)) known.at(mark).set(id, found);
    return found;
  };
}

async function lookUp(
  store: DocumentStore,
  issuer: string,
  subject: string,
): Promise<Partner | undefined> {
  const query = { where: { issuer, subject }, limit: 1 } as const;
  for await (const page of store.pages(partners, query))
    for (const { id, value } of page) return partnerOf(id, value);
  return undefined;
}

/** Partners as they were at one mark of the store; those of another mark are forgotten. */
function knownAtMark(): {
  readonly at: (mark: number) => Map<string, Partner>;
  readonly isAt: (mark: number) => boolean;
} {
  let of: number | undefined;
  let known = new Map<string, Partner>();
  return {
    at: (mark) => {
      if (mark !== of) [of, known] = [mark, new Map<string, Partner>()];
      return known;
    },
    isAt: (mark) => mark === of,
  };
}

/** Lists all partners that are configured, ended ones too. */
export async function listPartners(store: DocumentStore): Promise<readonly Partner[]> {
  const found: Partner[] = [];
  for await (const page of store.pages(partners, {}))
    found.push(...page.map(({ id, value }) => partnerOf(id, value)));
  return found;
}
