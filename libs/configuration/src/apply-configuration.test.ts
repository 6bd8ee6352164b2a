import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { systemRandom } from '@keyserver/random';
import { seededRandom } from '@keyserver/random/testing';
import {
  auditHeads,
  exportConfigs,
  exportProgress,
  exportVersions,
  openStoreFormat,
} from '@keyserver/stores';
import { auditedSteps } from '@keyserver/stores/testing';
import { DAY, HOUR, MINUTE, simulatedClock, unixMillis, windowLength } from '@keyserver/time';
import { applyConfiguration, planChanges, storedDigest } from './apply-configuration.ts';
import { changeWindow } from '@keyserver/operations';
import type { Configuration } from './configuration.ts';
import { showConfiguration } from './show-configuration.ts';
import { aConfiguration, aPublicKey, anEntry } from './testing/a-file.ts';

const NOON = unixMillis(Date.parse('2024-05-01T12:00:00Z'));
const operator = { actor: 'alex', random: systemRandom };

const emptyStore = async (): Promise<DocumentStore> =>
  await openTestStore({ clock: simulatedClock(NOON) });

async function storeWith(configuration: Configuration): Promise<DocumentStore> {
  const store = await emptyStore();
  const outcome = await applyConfiguration(store, configuration, operator);
  expect(outcome.kind).toBe('applied');
  return store;
}

const auditOf = auditedSteps;

/** The changes of a plan, each as `action section id`, with its fields as `field: before -> after (note)`. */
async function plannedLines(store: DocumentStore, wanted: Configuration): Promise<string[]> {
  const plan = await planChanges(store, wanted);
  if (plan.kind === 'refused') return plan.problems.map((p) => `${p.path} ${p.message}`);
  return plan.changes.flatMap(({ action, section, id, fields }) => [
    `${action} ${section} ${id}`,
    ...fields.map((f) => `${f.field}: ${f.before ?? ''} -> ${f.after ?? ''} (${f.note ?? ''})`),
  ]);
}

const exportsOf = (...fields: object[]): Configuration =>
  aConfiguration({ exports: fields.map((one) => anEntry('exports', one)) });

afterEach(closeTestStores);

describe('planChanges', () => {
  describe('of a store', () => {
    const withPeriod = (period: string): Configuration => exportsOf({ period });
    const planned = async (
      profile: 'development' | 'production' | undefined,
      wanted: Configuration,
    ): Promise<string> => {
      const store = await emptyStore();
      const known = profile === undefined ? {} : { profile };
      await openStoreFormat(store, { place: 'a test', ...known }, seededRandom('format'));
      const plan = await planChanges(store, wanted);
      return plan.kind === 'refused' ? plan.problems.map(({ message }) => message).join() : '';
    };

    const serving = (jwks: string): Configuration =>
      aConfiguration({
        ...{ authorities: [anEntry('authorities', { keys: [], jwks })], exports: [] },
      });
    const HERE = 'http://127.0.0.1:9000/jwks.json';

    it.each(['production', undefined] as const)(
      'of profile %s refuses keys of an authority without https, also when it is applied',
      async (profile) => {
        const refusal =
          'gives authority 1 a jwks without https, which is for the development profile alone';
        expect(await planned(profile, serving(HERE))).toBe(refusal);
        expect(await planned(profile, serving('https://a.example/jwks.json'))).toBe('');
        const store = await emptyStore();
        expect(await applyConfiguration(store, serving(HERE), operator)).toEqual({
          ...{ kind: 'refused', problems: [{ path: 'authorities', message: refusal }] },
        });
      },
    );

    it('of the development profile takes keys that this very machine serves', async () => {
      expect(await planned('development', serving(HERE))).toBe('');
    });

    it.each(['production', undefined] as const)(
      'of profile %s refuses periods below five minutes',
      async (profile) => {
        expect(await planned(profile, withPeriod('5s'))).toBe(
          'gives us a period of 5s; outside the development profile it is 5m at least',
        );
        expect(await planned(profile, withPeriod('4m'))).toContain('5m at least');
        expect(await planned(profile, withPeriod('5m'))).toBe('');
      },
    );

    it('of the development profile takes any period', async () => {
      expect(await planned('development', withPeriod('5s'))).toBe('');
    });
  });

  describe('of a store with windows', () => {
    const length = (ms: number) => windowLength(ms)!;
    const withWindows = async (ms: number): Promise<DocumentStore> => {
      const store = await emptyStore();
      const known = { place: 'a test', window: length(ms), profile: 'production' } as const;
      await openStoreFormat(store, known, seededRandom('format'));
      return store;
    };
    const refusedAs = (message: string): object => ({
      kind: 'refused',
      problems: [{ path: 'exports', message }],
    });

    it('takes a period of whole windows only', async () => {
      const store = await withWindows(HOUR);
      const refusal = refusedAs(
        "gives us a period of 30m, which is no multiple of the store's windows of 3600 s",
      );
      expect(await planChanges(store, exportsOf({ period: '30m' }))).toEqual(refusal);
      expect(await applyConfiguration(store, exportsOf({ period: '30m' }), operator)).toEqual(
        refusal,
      );
      expect(await auditOf(store)).toEqual([]);
      expect((await planChanges(store, exportsOf({ period: '2h' }))).kind).toBe('planned');
    });

    it('minds a change of the windows that is still to come', async () => {
      const store = await withWindows(5 * MINUTE);
      const plan = await planChanges(store, exportsOf({ period: '30m' }));
      await changeWindow(store, length(HOUR), operator);
      const refusal = refusedAs(
        'gives us a period of 30m, which is no multiple of the windows of 3600 s that begin at 2024-05-02T00:00:00.000Z',
      );
      expect(await planChanges(store, exportsOf({ period: '30m' }))).toEqual(refusal);
      const agreed = { ...operator, ...(plan.kind === 'planned' ? { basis: plan.basis } : {}) };
      expect(await applyConfiguration(store, exportsOf({ period: '30m' }), agreed)).toEqual(
        refusal,
      );
    });

    it('leaves an export alone that has such a period already, or has ended', async () => {
      const store = await storeWith(exportsOf({ period: '30m' }));
      const known = { place: 'a test', window: length(HOUR) };
      await openStoreFormat(store, known, seededRandom('format'));
      const more = exportsOf({ period: '30m', minRecords: 500 });
      expect((await planChanges(store, more)).kind).toBe('planned');
      const ended = exportsOf({ period: '15m', thru: new Date(NOON - DAY).toISOString() });
      expect((await planChanges(store, ended)).kind).toBe('planned');
    });

    it('lets no ended export begin again with such a period', async () => {
      const thru = new Date(NOON - DAY).toISOString();
      const store = await storeWith(exportsOf({ period: '30m', thru }));
      const known = { place: 'a test', window: length(HOUR) };
      await openStoreFormat(store, known, seededRandom('format'));
      expect((await planChanges(store, exportsOf({ period: '30m' }))).kind).toBe('refused');
    });
  });

  it('leaves a short period alone that an export has already', async () => {
    const store = await storeWith(exportsOf({ period: '20s' }));
    const same = await planChanges(store, exportsOf({ period: '20s', minRecords: 500 }));
    expect(same.kind).toBe('planned');
    expect((await planChanges(store, exportsOf({ period: '30s' }))).kind).toBe('refused');
  });

  describe('of a signing key', () => {
    const withKeys = (...keys: object[]): Configuration =>
      aConfiguration({ signingKeys: keys.map((key) => anEntry('signingKeys', key)) });
    const refused = (keyId: string): string[] => [
      `signingKeys gives main the keyId ${keyId}; a new one must be 1 to 40 of letters, digits and "_"`,
    ];

    it.each(['de-1', '310.1', '-', 'gov.example'])('refuses the new key id %s', async (keyId) => {
      const wanted = withKeys({ keyId });
      expect(await plannedLines(await emptyStore(), wanted)).toEqual(refused(keyId));
      expect(await plannedLines(await storeWith(withKeys({})), wanted)).toEqual(refused(keyId));
    });

    it.each(['310', 'mcc_310', '_', 'x'.repeat(40)])('takes the key id %s', async (keyId) => {
      const plan = await planChanges(await emptyStore(), withKeys({ keyId }));
      expect(plan.kind).toBe('planned');
    });

    it('leaves a key id alone that is in use already, also for the key that follows', async () => {
      const store = await storeWith(withKeys({ keyId: 'de-1' }));
      const ended = { keyId: 'de-1', thru: '2030-01-01T00:00:00Z' };
      expect(await plannedLines(store, withKeys(ended))).toContain('end signingKeys main');
      expect(await plannedLines(store, withKeys({ keyId: 'de-2' }))).toEqual(refused('de-2'));
      const next = { ...ended, id: 'next', keyVersion: 'v2' };
      expect(await plannedLines(store, withKeys(ended, next))).toContain('add signingKeys next');
    });
  });

  it('adds everything to an empty store, and writes nothing', async () => {
    const store = await emptyStore();
    const plan = await planChanges(store, aConfiguration());
    expect(plan).toMatchObject({
      kind: 'planned',
      changes: [
        { action: 'add', section: 'authorities', id: '1' },
        { action: 'add', section: 'apps', id: 'org.example.app' },
        { action: 'add', section: 'signingKeys', id: 'main' },
        { action: 'add', section: 'exports', id: 'us' },
      ],
    });
    expect(await planChanges(store, aConfiguration())).toEqual(plan);
  });

  it('finds no difference to what it has applied', async () => {
    const store = await storeWith(aConfiguration());
    expect(await plannedLines(store, aConfiguration())).toEqual([]);
  });

  it('says of an edited export field by field what was and what will be', async () => {
    const store = await storeWith(exportsOf({ inputRegions: ['US'] }));
    const wanted = exportsOf({ period: '24h', inputRegions: ['US', 'CA'], minRecords: 10 });
    expect(await plannedLines(store, wanted)).toEqual([
      'change exports us',
      'period: 4h -> 24h ()',
      'inputRegions: US -> CA, US ()',
      'minRecords: 1000 -> 10 ()',
    ]);
  });

  it('warns when files move to another place', async () => {
    const store = await storeWith(exportsOf({}));
    expect(await plannedLines(store, exportsOf({ filenameRoot: 'v2' }))).toEqual([
      'change exports us',
      'filenameRoot: v1 -> v2 (files of earlier days stay under the old name)',
    ]);
  });

  it('calls it an end when an export gets an end or an earlier one, else a change', async () => {
    const ending = (year: number): Configuration =>
      exportsOf({ thru: `${String(year)}-01-01T00:00:00Z` });
    const store = await storeWith(ending(2030));
    expect(await plannedLines(store, ending(2029))).toContain('end exports us');
    expect(await plannedLines(store, ending(2031))).toContain('change exports us');
    expect(await plannedLines(store, exportsOf({}))).toEqual([
      'change exports us',
      'thru: 2030-01-01T00:00:00Z ->  ()',
    ]);
  });

  it('shows the keys of an authority by fingerprint', async () => {
    const keys = [{ version: 'v2', publicKey: aPublicKey(), from: '2024-06-01T00:00:00Z' }];
    const store = await storeWith(aConfiguration());
    const wanted = aConfiguration({ authorities: [anEntry('authorities', { keys })] });
    const [first, ...fields] = await plannedLines(store, wanted);
    expect(first).toBe('change authorities 1');
    expect(fields).toEqual([
      expect.stringMatching(/^keys\.v1\.publicKey: sha256:[0-9a-f]{64} -> {2}\(\)$/),
      'keys.v1.from: 2024-01-01T00:00:00Z ->  ()',
      expect.stringMatching(/^keys\.v2\.publicKey: {2}-> sha256:[0-9a-f]{64} \(\)$/),
      'keys.v2.from:  -> 2024-06-01T00:00:00Z ()',
    ]);
  });

  it('sees a replaced key of the same version', async () => {
    const withKey = (publicKey: string): Configuration =>
      aConfiguration({
        authorities: [
          anEntry('authorities', {
            keys: [{ version: 'v1', publicKey, from: '2024-01-01T00:00:00Z' }],
          }),
        ],
      });
    const store = await storeWith(withKey(aPublicKey()));
    expect(await plannedLines(store, withKey(aPublicKey()))).toHaveLength(2);
  });

  it('removes applications and authorities that the file lacks', async () => {
    const store = await storeWith(aConfiguration());
    expect(await plannedLines(store, aConfiguration({ authorities: [], apps: [] }))).toEqual([
      'remove authorities 1',
      'issuer: https://authority.example ->  ()',
      'audience: keyserver ->  ()',
      'name: Authority of Example ->  ()',
      expect.stringMatching(/^keys\.v1\.publicKey: sha256:/),
      'keys.v1.from: 2024-01-01T00:00:00Z ->  ()',
      'stats: true ->  ()',
      'remove apps org.example.app',
      'regions: US ->  ()',
      'authorities: 1 ->  ()',
      'bypassCertificate: false ->  ()',
      'bypassRevisionToken: false ->  ()',
    ]);
  });

  it('tells of a ceiling that is set, changed and taken away', async () => {
    const capped = (maxKeysPerDay: number): Configuration =>
      aConfiguration({ apps: [anEntry('apps', { maxKeysPerDay })] });
    const changeOf = (line: string) => ['change apps org.example.app', line];
    const store = await storeWith(aConfiguration());
    expect(await plannedLines(store, capped(5000))).toEqual(changeOf('maxKeysPerDay:  -> 5000 ()'));
    const before = await storeWith(capped(5000));
    expect(await plannedLines(before, capped(1))).toEqual(changeOf('maxKeysPerDay: 5000 -> 1 ()'));
    expect(await plannedLines(before, aConfiguration())).toEqual(
      changeOf('maxKeysPerDay: 5000 ->  ()'),
    );
  });

  it.each([0, -1, 1.5, 1_000_000_001])('refuses a ceiling of %d keys', (maxKeysPerDay) => {
    expect(() => aConfiguration({ apps: [anEntry('apps', { maxKeysPerDay })] })).toThrow();
  });

  it('refuses to remove an export or a signing key', async () => {
    const store = await storeWith(aConfiguration());
    expect(await plannedLines(store, aConfiguration({ exports: [], signingKeys: [] }))).toEqual([
      'signingKeys lacks main, which is stored and cannot be removed; keep it and end it with thru',
      'exports lacks us, which is stored and cannot be removed; keep it and end it with thru',
    ]);
  });

  it('refuses more changes than one transaction holds', async () => {
    const many = (count: number): Configuration => ({
      ...aConfiguration({ apps: [] }),
      authorities: Array.from({ length: count }, (_, n) => anAuthority(n + 1)),
    });
    const store = await emptyStore();
    // Of 500 writes the audit takes four: beginning, entry, head and mark.
    expect(await planChanges(store, many(492))).toMatchObject({ changes: { length: 494 } });
    expect(await plannedLines(store, many(493))).toEqual([
      ' changes 495 entries at once; change at most 496 with one file, where an export or a partner counts as three',
    ]);
    expect(await applyConfiguration(store, many(493), operator)).toMatchObject({ kind: 'refused' });
    expect(await auditOf(store)).toEqual([]);
    expect(await applyConfiguration(store, many(492), operator)).toMatchObject({ kind: 'applied' });
    expect(await auditOf(store)).toHaveLength(1);
  });

  describe('of exports', () => {
    const MIDNIGHT = '2024-05-02T00:00:00.000Z';
    /** A store whose first day has a plan, so that changes have to wait for the next. */
    const planned = async (): Promise<DocumentStore> => {
      const store = await storeWith(exportsOf({}));
      await store.transact(async (tx) => {
        tx.set(exportProgress, 'us', { coveredUntil: NOON });
        await Promise.resolve();
      });
      return store;
    };

    it('names the midnight from which they hold, but for who signs', async () => {
      const store = await planned();
      const plan = await planChanges(store, exportsOf({ minRecords: 10 }));
      expect(plan).toMatchObject({ midnight: Date.parse(MIDNIGHT) });
      expect(await plannedLines(store, exportsOf({ minRecords: 10 }))).toEqual([
        'change exports us',
        `minRecords: 1000 -> 10 (holds from ${MIDNIGHT.replace('.000', '')})`,
      ]);
    });

    it('are kept with the midnight from which they hold, and as they were before', async () => {
      const store = await planned();
      await applyConfiguration(store, exportsOf({ minRecords: 10 }), operator);
      await applyConfiguration(store, exportsOf({ minRecords: 20 }), operator);
      const versions: [number, number][] = [];
      for await (const page of store.pages(exportVersions, {}))
        versions.push(
          ...page.map(({ value }): [number, number] => [value.from, value.settings.minRecords]),
        );
      expect(versions.toSorted(([a], [b]) => a - b)).toEqual([
        [0, 1000],
        [Date.parse(MIDNIGHT), 20],
      ]);
    });

    it('round a beginning and an end up to midnights, and can be applied again', async () => {
      const store = await planned();
      const wanted = exportsOf({ thru: '2024-06-01T13:00:00Z' });
      expect(await plannedLines(store, wanted)).toEqual([
        'end exports us',
        expect.stringContaining('thru:  -> 2024-06-02T00:00:00Z'),
      ]);
      await applyConfiguration(store, wanted, operator);
      expect(await plannedLines(store, wanted)).toEqual([]);
    });

    it('are refused when periods of exports that share keys do not divide one another', async () => {
      const store = await emptyStore();
      const two = aConfiguration({
        exports: [
          anEntry('exports', { period: '3h' }),
          anEntry('exports', { id: 'two', filenameRoot: 'v2', period: '4h' }),
        ],
      });
      expect(await plannedLines(store, two)).toEqual([
        'exports gives two a period of 4h, which is no multiple of the 3h of us; both may hold the same keys',
      ]);
    });

    it('are refused when one that had ended is opened again beside one of such a period', async () => {
      const store = await emptyStore();
      const clash =
        'exports gives two a period of 4h, which is no multiple of the 3h of us; both may hold the same keys';
      const wanted = (thru: object) =>
        aConfiguration({
          exports: [
            anEntry('exports', { period: '3h', ...thru }),
            anEntry('exports', { id: 'two', filenameRoot: 'v2', period: '4h' }),
          ],
        });
      const ended = { from: '2024-01-01T00:00:00Z', thru: '2024-02-01T00:00:00Z' };
      expect(await applyConfiguration(store, wanted(ended), operator)).toMatchObject({
        kind: 'applied',
      });
      expect(await plannedLines(store, wanted({ from: ended.from }))).toEqual([clash]);
    });

    it('are refused when a floor is more than a file holds', async () => {
      const store = await emptyStore();
      expect(await plannedLines(store, exportsOf({ minRecords: 2000, maxRecords: 1000 }))).toEqual([
        'exports pads us to 2000 keys (minRecords), more than a file of us may hold (maxRecords 1000)',
      ]);
    });
  });
});

const anAuthority = (id: number): Configuration['authorities'][number] => ({
  id,
  issuer: `issuer ${String(id)}`,
  audience: 'keyserver',
  name: 'Other',
  keys: [],
  stats: true,
});

describe('applyConfiguration', () => {
  it('stores what the file says and one audit entry with who, when and what', async () => {
    const store = await storeWith(aConfiguration());
    expect(await store.get(exportConfigs, ['us'])).toMatchObject([{ period: 14_400_000 }]);
    const [entry, ...more] = await auditOf(store);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      at: NOON,
      actor: 'alex',
      operation: 'configuration.apply',
      changes: [
        { action: 'add', section: 'authorities', id: '1' },
        {
          action: 'add',
          section: 'apps',
          id: 'org.example.app',
          fields: [
            { field: 'regions', before: undefined, after: 'US' },
            { field: 'authorities', after: '1' },
            { field: 'bypassCertificate', after: 'false' },
            { field: 'bypassRevisionToken', after: 'false' },
          ],
        },
        { action: 'add', section: 'signingKeys', id: 'main' },
        { action: 'add', section: 'exports', id: 'us' },
      ],
    });
  });

  it('changes and audits nothing when it is applied again', async () => {
    const store = await storeWith(aConfiguration());
    const again = await applyConfiguration(store, aConfiguration(), operator);
    expect(again).toEqual({ kind: 'unchanged' });
    expect(await auditOf(store)).toHaveLength(1);
  });

  it('removes what the file lacks', async () => {
    const store = await storeWith(aConfiguration());
    await applyConfiguration(store, aConfiguration({ apps: [] }), operator);
    expect(await showConfiguration(store)).toContain('apps: []');
  });

  it('refuses to remove an export, and changes nothing else either', async () => {
    const store = await storeWith(aConfiguration());
    const before = await showConfiguration(store);
    const wanted = aConfiguration({ exports: [], apps: [] });
    expect(await applyConfiguration(store, wanted, operator)).toMatchObject({ kind: 'refused' });
    expect(await showConfiguration(store)).toBe(before);
    expect(await auditOf(store)).toHaveLength(1);
  });

  it('applies the plan that was agreed to', async () => {
    const store = await storeWith(exportsOf({}));
    const wanted = exportsOf({ period: '2h' });
    const { basis } = await agreedPlan(store, wanted);
    const outcome = await applyConfiguration(store, wanted, { ...operator, basis });
    expect(outcome).toMatchObject({ kind: 'applied', changes: [{ action: 'change', id: 'us' }] });
  });

  it('applies nothing when the store has changed since the plan, in whatever entry', async () => {
    const store = await storeWith(exportsOf({}));
    const wanted = exportsOf({ period: '2h' });
    const { basis } = await agreedPlan(store, wanted);
    await applyConfiguration(store, { ...exportsOf({}), apps: [] }, operator);
    const before = await showConfiguration(store);
    const outcome = await applyConfiguration(store, wanted, { ...operator, basis });
    expect(outcome).toEqual({ kind: 'stale' });
    expect(await showConfiguration(store)).toBe(before);
  });

  it('lets exactly one of two agreed plans through', async () => {
    const store = await storeWith(exportsOf({}));
    const wanted = ['2h', '6h'].map((period) => exportsOf({ period }));
    const plans = await Promise.all(wanted.map(async (to) => await agreedPlan(store, to)));
    const outcomes = await Promise.all(
      wanted.map(
        async (to, n) =>
          await applyConfiguration(store, to, { ...operator, basis: plans[n]!.basis }),
      ),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['applied', 'stale']);
  });

  it('tells of the configuration before and after by digests that fit together', async () => {
    const store = await storeWith(exportsOf({}));
    const left = await storedDigest(store);
    await applyConfiguration(store, exportsOf({ period: '2h' }), operator);
    const [first, second] = await auditOf(store);
    expect(first?.after).toBe(left);
    expect(second?.before).toBe(left);
    expect(second?.after).toBe(await storedDigest(store));
    expect(second?.after).not.toBe(left);
  });

  it('applies nothing of which no entry can be written', async () => {
    const store = await storeWith(exportsOf({}));
    await store.transact(async (tx) => {
      tx.delete(auditHeads, 'head');
      await Promise.resolve();
    });
    const before = await showConfiguration(store);
    const applying = applyConfiguration(store, exportsOf({ period: '2h' }), operator);
    await expect(applying).rejects.toMatchObject({ name: 'AuditFault', code: 'broken' });
    expect(await showConfiguration(store)).toBe(before);
  });

  it('refuses changes that are too long to be written down in one entry', async () => {
    const name = 'x'.repeat(3000);
    const long: Configuration = {
      ...aConfiguration({ apps: [] }),
      authorities: Array.from({ length: 320 }, (_, n) => ({ ...anAuthority(n + 1), name })),
    };
    const store = await emptyStore();
    const sentence = expect.stringMatching(
      /^ makes changes that take \d{6,7} bytes to write down, and one entry of the audit has 900000/,
    ) as string;
    expect(await plannedLines(store, long)).toEqual([sentence]);
    expect((await applyConfiguration(store, long, operator)).kind).toBe('refused');
    expect(await auditOf(store)).toEqual([]);
  });

  it('writes down each of two that are applied at once, in a chain', async () => {
    const store = await storeWith(exportsOf({}));
    const wanted = ['2h', '6h'].map((period) => exportsOf({ period }));
    await Promise.all(wanted.map(async (to) => await applyConfiguration(store, to, operator)));
    const [first, second, third] = await auditOf(store);
    expect([second?.before, third?.before]).toEqual([first?.after, second?.after]);
    expect(third?.after).toBe(await storedDigest(store));
  });

  it('answers as the first attempt would have when that one committed unheard', async () => {
    const store = await emptyStore();
    const unheard: DocumentStore = {
      ...methodsOf(store),
      transact: async (decide: (tx: Transaction) => Promise<unknown>) => {
        await store.transact(decide);
        return (await store.transact(decide)) as never;
      },
    };
    const random = seededRandom('audit');
    const outcome = await applyConfiguration(unheard, aConfiguration(), { actor: 'alex', random });
    expect(outcome).toMatchObject({ kind: 'applied', changes: { length: 4 } });
    expect(await auditOf(store)).toHaveLength(1);
  });
});

async function agreedPlan(
  store: DocumentStore,
  wanted: Configuration,
): Promise<{ readonly basis: string }> {
  const plan = await planChanges(store, wanted);
  if (plan.kind === 'refused') throw new Error('the plan was refused');
  return plan;
}

const methodsOf = (store: DocumentStore): DocumentStore => ({
  get: store.get.bind(store),
  pages: store.pages.bind(store),
  transact: store.transact.bind(store),
  deleteAll: store.deleteAll.bind(store),
  now: store.now.bind(store),
  certainTime: store.certainTime.bind(store),
  closingDelay: store.closingDelay,
  close: store.close.bind(store),
});
