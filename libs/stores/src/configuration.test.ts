import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig, SigningKey } from '@keyserver/export-file';
import type { HealthAuthority } from '@keyserver/health-authority';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { HOUR, unixMillis } from '@keyserver/time';
import {
  appDocument,
  appOf,
  authorityDocument,
  authorityOf,
  authorizedApps,
  exportConfigDocument,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
  signingKeyDocument,
  signingKeyOf,
  signingKeys,
} from './configuration.ts';
import { findSigningKeys, listExports } from './configuration-lookup.ts';
import { NOON } from './testing/uploads.ts';

const config = (id: string, overrides: Partial<ExportConfig> = {}): ExportConfig => ({
  id,
  bucket: 'exports',
  filenameRoot: `v1/${id}`,
  period: 4 * HOUR,
  outputRegion: 'US',
  inputRegions: ['US', 'US-WA'],
  excludeRegions: ['US-HI'],
  includeTravelers: true,
  onlyNonTravelers: false,
  from: NOON,
  thru: undefined,
  signingKeys: ['main', 'next'],
  minRecords: 1000,
  paddingRange: 100,
  maxRecords: 500_000,
  padEmpty: false,
  ...overrides,
});

const signingKey = (id: string, overrides: Partial<SigningKey> = {}): SigningKey => ({
  id,
  signingKey: `projects/p/${id}`,
  keyId: '310',
  keyVersion: id,
  from: NOON,
  thru: undefined,
  ...overrides,
});

const ended = { thru: unixMillis(NOON + HOUR) };
const configs = [config('open'), config('ended', ended)];
const declared = [signingKey('main'), signingKey('old', ended)];

let store: DocumentStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(closeTestStores);
afterEach(async () => {
  await store.deleteAll(exportConfigs, {});
  await store.deleteAll(signingKeys, {});
});

async function configure(): Promise<void> {
  await store.transact(async (tx) => {
    for (const one of configs) tx.set(exportConfigs, one.id, exportConfigDocument(one));
    for (const one of declared) tx.set(signingKeys, one.id, signingKeyDocument(one));
    await Promise.resolve();
  });
}

describe('a configuration document', () => {
  it.each(configs)('gives back export $id through its codec', (one) => {
    const { encode, decode } = exportConfigs.codec;
    expect(exportConfigOf(one.id, decode(encode(exportConfigDocument(one))))).toEqual(one);
  });

  it.each(declared)('gives back signing key $id through its codec', (one) => {
    const { encode, decode } = signingKeys.codec;
    expect(signingKeyOf(one.id, decode(encode(signingKeyDocument(one))))).toEqual(one);
  });

  it('gives back an application, its authorities as numbers', () => {
    const app = {
      id: 'org.a',
      regions: ['US'],
      authorities: [1, 20],
      bypassCertificate: true,
      bypassRevisionToken: false,
    };
    const { encode, decode } = authorizedApps.codec;
    expect(appOf(app.id, decode(encode(appDocument(app))))).toEqual(app);
  });

  const keyed = (key: object): HealthAuthority => ({
    ...{ id: 7, issuer: 'i', audience: 'a', name: 'n', stats: true },
    keys: [{ version: 'v1', publicKey: 'PEM', from: NOON, thru: undefined, ...key }],
  });
  const reread = (authority: HealthAuthority): HealthAuthority => {
    const { encode, decode } = healthAuthorities.codec;
    return authorityOf('7', decode(encode(authorityDocument(authority))));
  };

  it('lets an authority read statistics that was stored before one could be kept from it', () => {
    const { stats: _, ...before } = authorityDocument(keyed({}));
    expect(authorityOf('7', before)).toMatchObject({ stats: true });
  });

  it.each([keyed({}), keyed(ended), { ...keyed({}), stats: false }])(
    'gives back an authority with its keys',
    (authority) => {
      expect(reread(authority)).toEqual(authority);
    },
  );

  it.each([{ version: 1 }, { publicKey: null }, { from: '2026' }, { from: -1 }, { thru: 1.5 }])(
    'is a fault when a key of an authority has %j',
    (broken) => {
      expect(() => reread(keyed(broken))).toThrow(/unknown shape|not a time/);
    },
  );
});

describe('the exports', () => {
  it('are all listed, ended ones too', async () => {
    await configure();
    const listed = await listExports(store)();
    expect(listed.toSorted((a, b) => b.id.localeCompare(a.id))).toEqual(configs);
  });

  it('are none when none is configured', async () => {
    expect(await listExports(store)()).toEqual([]);
  });
});

describe('the signing keys', () => {
  it('are found by their ids, each once, without those that nobody declared', async () => {
    await configure();
    const find = findSigningKeys(store);
    expect(await find(['old', 'nobody', 'main', 'old'])).toEqual([declared[1], declared[0]]);
    expect(await find(['nobody'])).toEqual([]);
    expect(await find([])).toEqual([]);
  });
});
