import type { DocumentStore } from '@keyserver/docstore';
import type { AuthorizedApp, HealthAuthority } from '@keyserver/health-authority';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { unixMillis } from '@keyserver/time';
import fc from 'fast-check';
import { appDocumentId } from './app-document-id.ts';
import { findApp, findAuthority } from './configuration-lookup.ts';
import {
  appDocument,
  authorityDocument,
  authorizedApps,
  healthAuthorities,
} from './configuration.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';

const app: AuthorizedApp = {
  id: 'gov.example.doh',
  regions: ['US', 'US-WA'],
  authorities: [7, 12],
  bypassCertificate: false,
  bypassRevisionToken: false,
};

const authority: HealthAuthority = {
  id: 7,
  issuer: 'doh.example.gov',
  audience: 'keys.example.org',
  name: 'Department of Health',
  keys: [
    { version: 'v1', publicKey: 'PEM', from: unixMillis(1000), thru: unixMillis(2000) },
    { version: 'v2', publicKey: 'PEM', from: unixMillis(2000), thru: undefined },
  ],
  stats: false,
};

let store: DocumentStore;

beforeAll(async () => {
  store = await openTestStore();
  await store.transact((tx) => {
    tx.set(authorizedApps, app.id, appDocument(app));
    tx.set(healthAuthorities, '7', authorityDocument(authority));
    tx.set(healthAuthorities, '8', authorityDocument({ ...authority, id: 8, issuer: 'other' }));
    return Promise.resolve();
  });
});

afterAll(closeTestStores);

describe('findApp', () => {
  it.each(['gov.example.doh', 'GOV.Example.DOH'])(
    'finds %s with all that was stored',
    async (id) => {
      expect(await findApp(store)(id)).toEqual(app);
    },
  );

  it('finds an app under every id that it may have been built with, in any letter case', async () => {
    const ids = [
      'dept of health',
      'a/b',
      'état',
      '..',
      '__gov__',
      '100%',
      '健康🔑',
      'é'.repeat(127),
    ];
    await store.transact((tx) => {
      for (const id of ids) tx.set(authorizedApps, appDocumentId(id), appDocument(app));
      return Promise.resolve();
    });
    for (const id of ids)
      for (const sent of [id, id.toUpperCase()])
        expect(await findApp(store)(sent)).toEqual({ ...app, id });
  });

  it('does not take the encoded form of an id for the id', async () => {
    expect(await findApp(store)('dept%20of%20health')).toBeUndefined();
    expect(await findApp(store)('a%2Fb')).toBeUndefined();
  });

  it.each([
    ['an unknown id', 'gov.example'],
    ['no id', ''],
    ['a path', 'b/a'],
    ['a relative path', '.'],
    ['a reserved id', '__health__'],
    ['an id that is half encoded', '%'],
    ['half a character', '\ud800'],
    ['a very long id', 'x'.repeat(64_000)],
    ['an id with a null character', 'gov.example.doh\0'],
  ])('finds nothing under %s', async (_, id) => {
    expect(await findApp(store)(id)).toBeUndefined();
  });

  it('never fails for what a phone may send', async () => {
    const find = findApp(store);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: anyCharacter }), async (id) => {
        expect(await find(id)).toBeUndefined();
      }),
    );
  });
});

describe('findAuthority', () => {
  it('finds the authority of an issuer with its keys', async () => {
    expect(await findAuthority(store)('doh.example.gov')).toEqual(authority);
  });

  it.each([
    ['an unknown issuer', 'example.gov'],
    ['no issuer', ''],
    ['an issuer in other letters', 'DOH.example.gov'],
    ['half a character', 'doh.example.gov\udc00'],
    ['a very long issuer', 'x'.repeat(64_000)],
  ])('finds nothing for %s', async (_, issuer) => {
    expect(await findAuthority(store)(issuer)).toBeUndefined();
  });

  it.each([
    ['no issuer', '', 0],
    ['half a character', 'doh\udc00', 0],
    ['as many bytes as a document store can look up', 'é'.repeat(750), 1],
    ['one byte more', `${'é'.repeat(750)}x`, 0],
  ])(
    'asks the store only for what every document store can look up: %s',
    async (_, issuer, times) => {
      let asked = 0;
      const watched: DocumentStore = Object.assign(Object.create(store) as DocumentStore, {
        pages: (...query: Parameters<DocumentStore['pages']>) => {
          asked += 1;
          return store.pages(...query);
        },
      });
      expect(await findAuthority(watched)(issuer)).toBeUndefined();
      expect(asked).toBe(times);
    },
  );
});
