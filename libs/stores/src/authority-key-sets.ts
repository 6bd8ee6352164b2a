import {
  type DocumentOf,
  type DocumentStore,
  type Json,
  type Transaction,
  collection,
  int,
  json,
  optional,
  text,
} from '@keyserver/docstore';
import {
  type HealthAuthority,
  type KeySetProblem,
  type LearnedKey,
  type RevokedKey,
  keySetProblemOf,
  keysInUse,
} from '@keyserver/health-authority';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { authorityOf, healthAuthorities } from './configuration.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

const keySetFields = {
  issuer: text(),
  revision: int(),
  writer: text(),
  since: optional(int()),
  answeredAt: optional(int()),
  failures: int(),
  notBefore: int(),
  problem: optional(text()),
  keys: json((stored): readonly LearnedKey[] => array(stored).map(learnedKeyOf)),
  revoked: json((stored): readonly RevokedKey[] => array(stored).map(revokedKeyOf)),
};

/**
 * What was learned from each health authority that serves its keys, by its id; the configuration holds nothing of it, so that
 * neither undoes the other. What an operator revoked stays even when the authority is gone, or its key could come back.
 */
export const authorityKeySets = collection({ name: 'authorityKeySets', fields: keySetFields });

/** A stored key set. */
export type KeySetDocument = DocumentOf<typeof keySetFields>;

/** What is known of an authority's keys, and how asking for them went. */
export interface KeySet {
  /** Of the authority that they were learned from: an id that somebody else has got by now inherits nothing. */
  readonly issuer: string;
  /** Grows with each change; 0 before the first. */
  readonly revision: number;
  /** When it was first asked; undefined when it was not since it is configured. */
  readonly since: UnixMillis | undefined;
  /** A good answer that was noted; not every one is. */
  readonly answeredAt: UnixMillis | undefined;
  /** Failures in a row. */
  readonly failures: number;
  /** It is not asked before. */
  readonly notBefore: UnixMillis;
  readonly problem: KeySetProblem | undefined;
  readonly keys: readonly LearnedKey[];
  readonly revoked: readonly RevokedKey[];
}

const keySetOf = ({ writer: _, ...stored }: KeySetDocument): KeySet => ({
  ...stored,
  since: timeOf(stored.since),
  answeredAt: timeOf(stored.answeredAt),
  notBefore: unixMillis(stored.notBefore),
  problem: keySetProblemOf(stored.problem),
});

/** A health authority, and what was learned from it; undefined before it was first asked. */
export interface AuthorityKeys {
  readonly authority: HealthAuthority;
  readonly keySet: KeySet | undefined;
}

/** Reads all health authorities in the order of their ids, with what was learned from each, and the ids of what is to be forgotten. */
export async function readAuthorityKeys(store: Pick<DocumentStore, 'pages'>): Promise<{
  readonly authorities: readonly AuthorityKeys[];
  readonly strays: readonly string[];
}> {
  const keySets = new Map<string, KeySetDocument>();
  for await (const page of store.pages(authorityKeySets, {}))
    for (const { id, value } of page) keySets.set(id, value);
  const authorities: AuthorityKeys[] = [];
  for await (const page of store.pages(healthAuthorities, {}))
    for (const { id, value } of page) {
      const authority = authorityOf(id, value);
      const own = ownKeySet(authority, keySets.get(id));
      authorities.push({ authority, keySet: own && keySetOf(own) });
    }
  const present = new Map(authorities.map(({ authority }) => [String(authority.id), authority]));
  return {
    authorities: authorities.toSorted((a, b) => a.authority.id - b.authority.id),
    strays: [...keySets].flatMap(([id, stored]) => (isStray(stored, present.get(id)) ? [id] : [])),
  };
}

/** Whether a key set holds what was learned from an authority that no longer vouches for it. */
export const isStray = (
  { issuer, since }: Pick<KeySetDocument, 'issuer' | 'since'>,
  present: Pick<HealthAuthority, 'issuer' | 'jwks'> | undefined,
): boolean => since !== undefined && (present?.issuer !== issuer || present.jwks === undefined);

const ownKeySet = <S extends { readonly issuer: string }>(
  { issuer }: Pick<HealthAuthority, 'issuer'>,
  keySet: S | undefined,
): S | undefined => (keySet?.issuer === issuer ? keySet : undefined);

/** An authority as certificates are checked against it: with the keys that were learned, while it says where they are served. */
export async function withLearnedKeys(
  store: Pick<DocumentStore, 'get'>,
  authority: HealthAuthority,
): Promise<HealthAuthority> {
  if (authority.jwks === undefined) return authority;
  const [stored] = await store.get(authorityKeySets, [String(authority.id)]);
  const own = ownKeySet(authority, stored);
  return own === undefined ? authority : { ...authority, keys: keysInUse(authority.keys, own) };
}

/** An authority and its key set, as a transaction finds them; undefined when there is no such authority. */
export async function findIn(
  tx: Transaction,
  id: number,
): Promise<
  { readonly authority: HealthAuthority; readonly stored: KeySetDocument | undefined } | undefined
> {
  const [[found], [stored]] = [
    await tx.get(healthAuthorities, [String(id)]),
    await tx.get(authorityKeySets, [String(id)]),
  ];
  if (found === undefined) return undefined;
  return { authority: authorityOf(String(id), found), stored };
}

/** What is known before an authority was asked, or after its id was given to another one: only what was revoked stays. */
export const newKeySet = (
  { issuer }: Pick<HealthAuthority, 'issuer'>,
  stored: KeySetDocument | undefined,
  now: UnixMillis,
): KeySetDocument => {
  const own = ownKeySet({ issuer }, stored);
  if (own !== undefined) return { ...own, since: own.since ?? now };
  const { revision = 0, revoked = [], writer = '' } = stored ?? {};
  return { issuer, revision, writer, since: now, failures: 0, notBefore: 0, keys: [], revoked };
};

function learnedKeyOf(stored: Json): LearnedKey {
  const key = record(stored);
  return {
    version: textOf(member(key, 'version')),
    publicKey: textOf(member(key, 'publicKey')),
    from: unixMillis(integer(member(key, 'from'))),
    thru: optionalTime(member(key, 'thru')),
    missingSince: optionalTime(member(key, 'missingSince')),
  };
}

function revokedKeyOf(stored: Json): RevokedKey {
  const key = record(stored);
  return {
    fingerprint: textOf(member(key, 'fingerprint')),
    at: unixMillis(integer(member(key, 'at'))),
  };
}

const optionalTime = (stored: Json | undefined): UnixMillis | undefined =>
  timeOf(stored === undefined ? undefined : integer(stored));

const timeOf = (stored: number | undefined): UnixMillis | undefined =>
  stored === undefined ? undefined : unixMillis(stored);
