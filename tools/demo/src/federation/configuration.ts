import type { Configuration } from '@keyserver/configuration';
import { HOUR, type UnixMillis, unixMillis } from '@keyserver/time';
import { type Authority, BUCKET } from '../configuration.ts';

/** What a country's server is for. */
export interface Country {
  readonly id: string;
  readonly region: string;
  /** The application whose uploads are the country's. */
  readonly app: string;
}

/** The two countries of the demonstration. */
export const COUNTRIES = [
  { id: 'home', region: 'XA', app: 'org.example.home' },
  { id: 'neighbour', region: 'XB', app: 'org.example.neighbour' },
] as const satisfies readonly Country[];

/** An application that tries things out: its keys have a region that no partner is granted. */
export const TEST_APP = 'org.example.test';
const TEST_REGION = 'XT';

/** What tokens for a server must be meant for. */
const audienceOf = ({ id }: Pick<Country, 'id'>): string => `https://${id}.example/federation`;

/** Another server, as it is known when everything runs. */
export interface Neighbour {
  readonly country: Country;
  /** Host and port of what serves keys. */
  readonly server: string;
  /** Who vouches for it. */
  readonly issuer: string;
}

/** Whom tokens of a server on this machine are made out to. */
const ACCOUNT = 'federation@keyserver.localhost';
const ALWAYS = unixMillis(0);

/** How a country's server is configured: hourly files of its region and of travelers, and its neighbours as partners and queries. */
export function federatedConfiguration(of: {
  readonly country: Country;
  /** Who fetches from it, and from whom it fetches. */
  readonly partners: readonly Neighbour[];
  readonly queries: readonly Neighbour[];
  readonly authority: Authority;
  readonly signingKey: string;
  readonly from: UnixMillis;
  readonly minRecords: number;
  readonly mode: 'padded' | 'fresh';
  /** Whether keys of third servers are passed on. */
  readonly passesOn?: boolean;
}): Configuration {
  const { country, authority, from, minRecords, mode, passesOn = false } = of;
  const { id, issuer, audience, kid, publicKey } = authority;
  const open = { from, thru: undefined };
  const certified = { authorities: [id], bypassCertificate: false, bypassRevisionToken: false };
  return {
    authorities: [
      {
        ...{ id, issuer, audience, name: `Authority of ${country.id}`, stats: false },
        keys: [{ version: kid, publicKey, ...open }],
      },
    ],
    apps: [
      { id: country.app, regions: [country.region], ...certified },
      { id: TEST_APP, regions: [country.region, TEST_REGION], ...certified },
    ],
    signingKeys: [
      { id: 'first', signingKey: of.signingKey, keyId: '999', keyVersion: 'first', ...open },
    ],
    exports: [
      {
        ...{ id: 'v1', bucket: BUCKET, filenameRoot: 'v1', period: HOUR, ...open },
        ...{ outputRegion: country.region, inputRegions: [], excludeRegions: [] },
        ...{ includeTravelers: true, onlyNonTravelers: false, signingKeys: ['first'] },
        ...{ minRecords, paddingRange: 10, maxRecords: 500_000, padEmpty: false },
      },
    ],
    partners: of.partners.map((neighbour) => ({
      ...{ id: neighbour.country.id, issuer: neighbour.issuer, subject: ACCOUNT },
      ...{ audience: audienceOf(country), mode, unit: HOUR, minRecords, paddingRange: 10 },
      ...{ includeRegions: passesOn ? REGIONS : [country.region], excludeRegions: [TEST_REGION] },
      ...{ includeTravelers: true, onlyLocalProvenance: !passesOn },
      ...{
        maxPageKeys: PAGE_KEYS,
        callsPerMinute: CALLS_PER_MINUTE,
        from: ALWAYS,
        thru: undefined,
      },
    })),
    queries: of.queries.map(({ country: asked, server }) => ({
      ...{ id: asked.id, server, audience: audienceOf(asked), partner: 'standard' },
      ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false },
      ...{ onlyLocalProvenance: false, maxPageKeys: PAGE_KEYS },
      ...{ acceptSelfReport: true, acceptRecursive: false, from: ALWAYS, thru: undefined },
    })),
  };
}

const PAGE_KEYS = 50;
const CALLS_PER_MINUTE = 6000;
const REGIONS = ['XA', 'XB', 'XC', 'XD'];
