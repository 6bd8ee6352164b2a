import { StoreFault } from '@keyserver/docstore';
import { DEFAULT_KEY_RULES, type Upload, type UploadOutcome } from '@keyserver/exposure-keys';
import { type AuthorizedApp, certificateVerifier } from '@keyserver/health-authority';
import { simulatedClock } from '@keyserver/time';
import { reserveFreely } from './daily-ceiling.ts';
import { AppLookupFault, type PublishDeps, publishKeys } from './publish-keys.ts';
import {
  NOW,
  aKey,
  anUpload,
  app,
  authority,
  bypassApp,
  certificateFor,
} from './testing/uploads.ts';
import { noPauses } from './testing/no-pauses.ts';
import { someTokens } from './testing/tokens.ts';

const apps: readonly AuthorizedApp[] = [
  app,
  bypassApp,
  { ...app, id: 'no.regions', regions: [] },
  { ...app, id: 'two.regions', regions: ['CA', 'US'] },
  { ...app, id: 'other.authority', authorities: [8] },
];

function aServer(overrides: Partial<PublishDeps> & { answer?: UploadOutcome } = {}) {
  const uploads: Upload[] = [];
  const deps: PublishDeps = {
    clock: simulatedClock(NOW),
    findApp: (id) => Promise.resolve(apps.find((one) => one.id === id)),
    verifyCertificate: certificateVerifier((issuer) =>
      Promise.resolve(issuer === authority.issuer ? authority : undefined),
    ),
    storeUpload: (upload) => {
      uploads.push(upload);
      const { keys } = upload;
      return Promise.resolve(
        overrides.answer ?? { kind: 'stored', inserted: keys.length, revised: 0, revisable: keys },
      );
    },
    rules: DEFAULT_KEY_RULES,
    reserveKeys: reserveFreely,
    confirmTime: () => Promise.resolve(),
    defaultRegions: [],
    pauses: noPauses,
    tokens: someTokens(),
    ...overrides,
  };
  return { deps, uploads };
}

const refusedWith = (code: string) => expect.objectContaining({ kind: 'refused', code }) as unknown;

describe('publishKeys', () => {
  it('stores what a valid certificate covers, with what it certifies', async () => {
    const { deps, uploads } = aServer();
    const request = anUpload([aKey(1), aKey(2)], { traveler: true, platform: 'ios' });
    expect(await publishKeys(request, deps)).toEqual({
      kind: 'published',
      app,
      authority: { id: 7, name: 'Department of Health' },
      inserted: 2,
      revised: 0,
      effect: 'written',
      revisionToken: expect.stringMatching(/^CgEx/) as unknown,
      problems: [],
      regions: ['US'],
      certificate: undefined,
      warnings: [],
    });
    expect(uploads).toEqual([
      {
        keys: [1, 2].map((n) => ({
          data: new Uint8Array(16).fill(n),
          start: 2_700_000,
          period: 144,
          risk: 2,
          reportType: 'confirmed',
          onsetDays: 2,
        })),
        regions: ['US'],
        traveler: true,
        app: 'gov.example.doh',
        authority: { id: 7, name: 'Department of Health' },
        token: 'none',
        bypassToken: false,
        statistics: { platform: 'ios', oldestKeyDays: 1, onsetDays: 3 },
      },
    ]);
  });

  it('finds the application in any letter case', async () => {
    const { deps, uploads } = aServer();
    await publishKeys(anUpload([aKey(1)], { appId: 'GOV.Example.DOH' }), deps);
    expect(uploads[0]?.app).toBe('gov.example.doh');
  });

  it('refuses an application that is not configured', async () => {
    const { deps, uploads } = aServer();
    const outcome = await publishKeys(anUpload([aKey(1)], { appId: 'nobody' }), deps);
    expect(outcome).toEqual(refusedWith('unknown_health_authority_id'));
    expect(uploads).toEqual([]);
  });

  it('throws when the application cannot be looked up', async () => {
    const { deps } = aServer({ findApp: () => Promise.reject(new Error('away')) });
    await expect(publishKeys(anUpload([aKey(1)]), deps)).rejects.toThrow(AppLookupFault);
  });

  it('refuses an application without a region before it looks at the certificate', async () => {
    const { deps } = aServer({ verifyCertificate: () => Promise.reject(new Error('not reached')) });
    const outcome = await publishKeys(anUpload([aKey(1)], { appId: 'no.regions' }), deps);
    expect(outcome).toEqual(refusedWith('health_authority_missing_region_config'));
  });

  it('gives keys of an application without a region the default one, in upper case', async () => {
    const { deps, uploads } = aServer({ defaultRegions: ['us-wa'] });
    await publishKeys(anUpload([aKey(1)], { appId: 'no.regions' }), deps);
    expect(uploads[0]?.regions).toEqual(['US-WA']);
  });

  it.each([
    ['no certificate', { certificate: '' }],
    ['a certificate for other keys', { certificate: certificateFor([aKey(2)]) }],
    [
      'a certificate of an unknown issuer',
      { certificate: certificateFor([aKey(1)], { issuer: 'x' }) },
    ],
    ['another HMAC key', { hmacKey: 'AAAA' }],
    ['an authority that the application does not trust', { appId: 'other.authority' }],
  ])('refuses an upload with %s', async (_, options) => {
    const { deps, uploads } = aServer();
    const outcome = await publishKeys(anUpload([aKey(1)], options), deps);
    expect(outcome).toEqual(refusedWith('health_authority_verification_certificate_invalid'));
    expect(uploads).toEqual([]);
  });

  it('refuses an upload without keys for its certificate, which cannot cover nothing', async () => {
    const outcome = await publishKeys(anUpload([]), aServer().deps);
    expect(outcome).toEqual(refusedWith('health_authority_verification_certificate_invalid'));
  });

  it('refuses an upload without keys as such where no certificate is needed', async () => {
    const outcome = await publishKeys(anUpload([], { appId: bypassApp.id }), aServer().deps);
    expect(outcome).toEqual(refusedWith('bad_request'));
  });

  it('passes on a fault of the authority lookup rather than blaming the certificate', async () => {
    const { deps } = aServer({
      verifyCertificate: certificateVerifier(() => Promise.reject(new Error('away'))),
    });
    await expect(publishKeys(anUpload([aKey(1)]), deps)).rejects.toThrow('away');
    const bypassed = publishKeys(anUpload([aKey(1)], { appId: bypassApp.id }), deps);
    await expect(bypassed).rejects.toThrow('away');
  });

  it('takes keys without any claims where no certificate is needed and none holds', async () => {
    const { deps, uploads } = aServer();
    const request = { appId: bypassApp.id, certificate: 'nonsense' };
    await publishKeys(anUpload([aKey(1, { transmissionRisk: 3 }), aKey(2)], request), deps);
    expect(uploads[0]).toMatchObject({
      authority: undefined,
      keys: [
        { reportType: '', risk: 3 },
        { reportType: '', risk: 0 },
      ],
    });
  });

  it('uses the claims of a certificate that holds, even where none is needed', async () => {
    const { deps, uploads } = aServer();
    await publishKeys(anUpload([aKey(1)], { appId: bypassApp.id }), deps);
    expect(uploads[0]).toMatchObject({ authority: { id: 7 }, keys: [{ reportType: 'confirmed' }] });
  });

  it('prefers the onset of the phone, then that of the certificate, then assumes one', async () => {
    const { deps, uploads } = aServer();
    const certificate = certificateFor([aKey(1)], { onset: 2_699_856 });
    await publishKeys(anUpload([aKey(1)], { certificate }), deps);
    await publishKeys(anUpload([aKey(1)], { certificate, onset: 0 }), deps);
    await publishKeys(anUpload([aKey(1)], { onset: 0 }), deps);
    expect(uploads.map(({ keys }) => keys[0]?.onsetDays)).toEqual([2, 1, 3]);
    expect(uploads.map(({ statistics }) => statistics.onsetDays)).toEqual([3, 2, 'missing']);
  });

  it('publishes the good keys of an upload and names the bad ones', async () => {
    const { deps, uploads } = aServer();
    const keys = [aKey(1), aKey(2, { rollingPeriod: 145 })];
    const outcome = await publishKeys(anUpload(keys), deps);
    expect(outcome).toMatchObject({ kind: 'published', inserted: 1 });
    expect(outcome.problems).toEqual([expect.stringContaining('key 1')]);
    expect(uploads[0]?.keys).toHaveLength(1);
  });

  it('refuses an upload of bad keys only', async () => {
    const { deps, uploads } = aServer();
    const outcome = await publishKeys(anUpload([aKey(1, { rollingPeriod: 0 })]), deps);
    expect(outcome).toEqual(refusedWith('bad_request'));
    expect(outcome.problems).toHaveLength(1);
    expect(uploads).toEqual([]);
  });

  it('succeeds with warnings and stores nothing when all keys are far from onset', async () => {
    const { deps, uploads } = aServer();
    const keys = [aKey(1, { rollingStartNumber: 2_700_144 })];
    const outcome = await publishKeys(anUpload(keys, { onset: 2_697_984 }), deps);
    expect(outcome).toMatchObject({ kind: 'published', inserted: 0, problems: [] });
    expect(outcome).toMatchObject({ effect: 'left_out' });
    expect(outcome.warnings).toHaveLength(1);
    expect(uploads).toEqual([]);
  });

  it.each([
    ['', 'none'],
    ['=', 'none'],
    ['not base64!', 'none'],
    ['AAAA', 'unreadable'],
    ['-_8', 'unreadable'],
  ])('takes the revision token %p as %s', async (revisionToken, token) => {
    const { deps, uploads } = aServer();
    await publishKeys(anUpload([aKey(1)], { revisionToken }), deps);
    expect(uploads[0]?.token).toBe(token);
  });

  it.each(['missing_revision_token', 'invalid_revision_token'] as const)(
    'refuses with %s when the store does, and keeps the warnings',
    async (code) => {
      const { deps } = aServer({ answer: { kind: 'refused', code } });
      const keys = [aKey(1), aKey(2, { rollingStartNumber: 2_698_100 })];
      const outcome = await publishKeys(anUpload(keys, { onset: 2_700_144 }), deps);
      expect(outcome).toEqual(refusedWith(code));
      expect(outcome.warnings).toHaveLength(1);
    },
  );
});

describe('the ceiling of an application', () => {
  const reserving = (kind: 'reserved' | 'spent', answer?: UploadOutcome) => {
    const settled: number[] = [];
    const reserved: number[] = [];
    const server = aServer({
      ...(answer === undefined ? {} : { answer }),
      reserveKeys: async (_app, keys) => {
        reserved.push(keys);
        const settle = (published: number) => settled.push(published);
        return await Promise.resolve(kind === 'spent' ? { kind, seconds: 9 } : { kind, settle });
      },
    });
    return { ...server, settled, reserved };
  };

  it('refuses an upload that would publish a key once it is reached, and says when to come again', async () => {
    const answer = { kind: 'refused', code: 'ceiling_reached' } as const;
    const { deps, uploads } = reserving('spent', answer);
    const outcome = await publishKeys(anUpload([aKey(1)]), deps);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'ceiling_reached', retryAfter: 9 });
    expect(uploads).toMatchObject([{ ceilingReached: true }]);
  });

  it('lets the store take an upload that publishes no key once it is reached', async () => {
    const answer = { kind: 'stored', inserted: 0, revised: 0, revisable: [] } as const;
    const { deps } = reserving('spent', answer);
    expect(await publishKeys(anUpload([aKey(1)]), deps)).toMatchObject({ kind: 'published' });
  });

  it('passes on for what else an upload is refused, without asking to come again', async () => {
    const answer = { kind: 'refused', code: 'missing_revision_token' } as const;
    const { deps } = reserving('spent', answer);
    const outcome = await publishKeys(anUpload([aKey(1)]), deps);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'missing_revision_token' });
    expect(outcome).not.toHaveProperty('retryAfter');
  });

  it.each([
    ['written', 'of keys', { inserted: 1 }],
    ['written', 'of counts alone', { onlyCounted: true }],
    ['unchanged', 'of what is known', {}],
  ] as const)('says that an upload is %s: %s', async (effect, _, more) => {
    const answer = { kind: 'stored', inserted: 0, revised: 0, revisable: [], ...more } as const;
    const { deps } = reserving('reserved', answer);
    expect(await publishKeys(anUpload([aKey(1)]), deps)).toMatchObject({ effect });
  });

  it('counts the keys that are accepted, and then those that were published', async () => {
    const answer = { kind: 'stored', inserted: 1, revised: 1, revisable: [] } as const;
    const { deps, settled, reserved } = reserving('reserved', answer);
    await publishKeys(anUpload([1, 2, 3].map((n) => aKey(n))), deps);
    expect([reserved, settled]).toEqual([[3], [2]]);
  });

  it('counts no key of an upload that is refused', async () => {
    const answer = { kind: 'refused', code: 'missing_revision_token' } as const;
    const { deps, settled } = reserving('reserved', answer);
    await publishKeys(anUpload([aKey(1)]), deps);
    expect(settled).toEqual([0]);
  });

  it.each([
    ['free again', new Error('no export takes them'), 0],
    ['free again', new StoreFault('contended', 'others won'), 0],
    ['counted', new StoreFault('unavailable', 'away'), 1],
  ])('has the keys of an upload that a fault ended %s: %s', async (_, fault, published) => {
    const { deps, settled } = reserving('reserved');
    const storeUpload = async () => await Promise.reject(fault);
    await expect(publishKeys(anUpload([aKey(1)]), { ...deps, storeUpload })).rejects.toBe(fault);
    expect(settled).toEqual([published]);
  });

  it('is not asked before the certificate is verified', async () => {
    const { deps, reserved } = reserving('spent');
    const outcome = await publishKeys(anUpload([aKey(1)], { certificate: 'a.b.c' }), deps);
    expect(outcome).toMatchObject({ code: 'health_authority_verification_certificate_invalid' });
    expect(reserved).toEqual([]);
  });
});

describe('the regions that a phone asks for', () => {
  it('are not logged where only the phone has named them', async () => {
    const { deps } = aServer({ defaultRegions: ['ZZ'] });
    const request = { ...anUpload([aKey(1)]), appId: 'no.regions', regions: ['secret-text', 'ZZ'] };
    expect(await publishKeys(request, deps)).toMatchObject({ kind: 'published', regions: ['ZZ'] });
  });

  const regionsOf = async (request: Partial<Parameters<typeof publishKeys>[0]>) => {
    const { deps, uploads } = aServer({ defaultRegions: ['ZZ'] });
    const outcome = await publishKeys(anUpload([aKey(1)], request), deps);
    return outcome.kind === 'refused' ? outcome.code : uploads[0]?.regions;
  };

  it.each([
    ['are those of the application when it asks for none', app.id, [], ['US']],
    ['are stored instead of those of the application', 'two.regions', ['CA'], ['CA']],
    ['are each stored once', 'two.regions', ['CA', 'US', 'CA'], ['CA', 'US']],
    ['may be any when the application has none, in upper case', 'no.regions', ['us'], ['US']],
    ['are the default when nobody names one', 'no.regions', [], ['ZZ']],
  ])('%s', async (_what, appId, regions, stored) => {
    expect(await regionsOf({ appId, regions })).toEqual(stored);
  });

  it.each([
    ['is not of the application', app.id, ['CA']],
    ['is of the application among others that are not', app.id, ['US', 'CA']],
    ['is written in other letters', app.id, ['us']],
    ['could be none', 'no.regions', ['']],
    ['has characters that no region has', 'no.regions', ['U S']],
    ['is too long for one', 'no.regions', ['U'.repeat(21)]],
  ])('refuse the upload when one %s', async (_what, appId, regions) => {
    expect(await regionsOf({ appId, regions })).toBe('region_not_allowed');
  });
});
