import type { DocumentStore } from '@keyserver/docstore';
import { systemRandom } from '@keyserver/random';
import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import {
  exportProgress,
  findPartner,
  openStoreFormat,
  partnerVersions,
  partners as storedPartners,
} from '@keyserver/stores';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type SimulatedClock,
  simulatedClock,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import { applyConfiguration, planChanges } from './apply-configuration.ts';
import type { Configuration } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { showConfiguration } from './show-configuration.ts';
import { aConfiguration, aFile, anEntry } from './testing/a-file.ts';

const NOON = unixMillis(Date.parse('2024-05-01T12:00:00Z'));
const MIDNIGHT = unixMillis(NOON + 12 * HOUR);
const operator = { actor: 'alex', random: systemRandom };
const WHO = { issuer: 'https://issuer.example', subject: 'neighbour@example' };

/** A grant that lets no key of the export through. */
const ELSEWHERE = { includeRegions: ['CA'], excludeRegions: ['US'] };

let clock: SimulatedClock;
let store: DocumentStore;
beforeEach(async () => {
  clock = simulatedClock(NOON);
  store = await openTestStore({ clock });
});
afterEach(closeTestStores);

const partnersOf = (...fields: readonly object[]): Configuration =>
  aConfiguration({ partners: fields.map((one) => anEntry('partners', one)) });

/** What the file of a configuration is refused for, as `path message`. */
function problemsOf(sections: Readonly<Record<string, unknown>>): readonly string[] {
  const parsed = parseConfiguration(aFile(sections));
  return parsed.kind === 'refused' ? parsed.problems.map((p) => `${p.path} ${p.message}`) : [];
}
const problemsOfPartners = (...fields: readonly object[]): readonly string[] =>
  problemsOf({ partners: fields.map((one) => anEntry('partners', one)) });

/** Days are planned: from now on changes hold from a midnight. */
const plan = async (): Promise<void> => {
  await store.transact((tx) => {
    tx.set(exportProgress, 'us', { coveredUntil: NOON });
    return Promise.resolve();
  });
};

const apply = async (configuration: Configuration): Promise<void> => {
  expect(await applyConfiguration(store, configuration, operator)).toMatchObject({
    kind: 'applied',
  });
};

/** The changes, advice and problems that a plan shows. */
async function planned(wanted: Configuration): Promise<readonly string[]> {
  const found = await planChanges(store, wanted);
  if (found.kind === 'refused') return found.problems.map((p) => `${p.path} ${p.message}`);
  return [
    ...found.changes.map(({ action, section, id }) => `${action} ${section} ${id}`),
    ...found.advice.filter(({ standing }) => !standing).map(({ name, id }) => `! ${name} ${id}`),
  ];
}

/** The versions that are kept, as `from includeRegions`, with `until` where one ends. */
async function versions(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of store.pages(partnerVersions, {}))
    for (const { value } of page) {
      const { from, settings } = value;
      const end = settings.thru === undefined ? '' : ` until ${settings.thru - MIDNIGHT}`;
      found.push(
        `${from === 0 ? 'ever' : from - MIDNIGHT} ${settings.includeRegions.join()}${end}`,
      );
    }
  return found.sort();
}

describe('an entry of partners', () => {
  it('has the documented defaults', () => {
    expect(partnersOf({}).partners).toEqual([
      {
        ...{ id: 'neighbour', ...WHO, audience: 'https://keys.example/federation' },
        ...{ includeRegions: ['US'], excludeRegions: [], includeTravelers: false },
        ...{ onlyLocalProvenance: true, mode: 'padded', unit: 4 * HOUR, minRecords: 1000 },
        ...{ paddingRange: 100, maxPageKeys: 5000, callsPerMinute: 60 },
        ...{ from: unixMillis(Date.parse('2024-01-01T00:00:00Z')), thru: undefined },
      },
    ]);
  });

  it.each([
    ['6h', 3 * HOUR],
    ['1h', 4 * HOUR],
    ['24h', 4 * HOUR],
  ])('has the longest unit that fits beside an export of %s', (period, unit) => {
    const configuration = aConfiguration({
      exports: [anEntry('exports', { period })],
      partners: [anEntry('partners')],
    });
    expect(configuration.partners[0]?.unit).toBe(unit);
  });

  it('has four hours beside an export that shares no key with it', () => {
    const configuration = aConfiguration({
      exports: [anEntry('exports', { period: '6h' })],
      partners: [anEntry('partners', ELSEWHERE)],
    });
    expect(configuration.partners[0]?.unit).toBe(4 * HOUR);
  });

  it.each([
    ['development', 10, '20s', MINUTE],
    ['development', 15, '30s', MINUTE],
    ['production', 3600, '6h', 3 * HOUR],
    ['production', 7200, '12h', 4 * HOUR],
    ['production', 7200, '6h', 2 * HOUR],
  ] as const)(
    'has a unit that a store of the %s profile with windows of %d s takes beside an export of %s',
    async (profile, seconds, period, unit) => {
      const window = windowLength(seconds * SECOND);
      if (window === undefined) throw new Error('no window');
      await openStoreFormat(store, { place: 'here', profile, window }, systemRandom);
      const partners = [anEntry('partners')];
      const parsed = parseConfiguration(
        aFile({ exports: [anEntry('exports', { period })], partners }),
      );
      if (parsed.kind === 'refused') throw new Error('refused');
      await apply(parsed.value);
      expect(await store.get(storedPartners, ['neighbour'])).toMatchObject([{ unit }]);
      expect(await applyConfiguration(store, parsed.value, operator)).toEqual({
        kind: 'unchanged',
      });
    },
  );

  it('is refused with a unit that it names itself where the profile plans by the minute', async () => {
    await openStoreFormat(store, { place: 'here', profile: 'development' }, systemRandom);
    const exports = [anEntry('exports', { period: '20s' })];
    const partners = [anEntry('partners', { unit: '4h' })];
    expect(await planned(aConfiguration({ exports, partners }))).toEqual([
      expect.stringContaining('gives neighbour a unit of 4h; in the development profile'),
    ]);
  });

  it('fits beside another partner that names its unit', () => {
    const partners = [
      anEntry('partners', { id: 'a' }),
      anEntry('partners', { id: 'b', subject: 'b', unit: '90m' }),
    ];
    expect(aConfiguration({ exports: [], partners }).partners[0]?.unit).toBe(3 * HOUR);
  });

  it.each([
    [{ audience: 'http://keys.example' }, 'audience must be an https URL'],
    [{ audience: 'https://' }, 'audience must be an https URL'],
    [{ audience: undefined }, 'audience is missing'],
    [{ issuer: undefined }, 'issuer is missing'],
    [{ subject: 12 }, 'subject must be text'],
    [{ includeRegions: [] }, 'includeRegions must NOT have fewer than 1 items'],
    [{ includeRegions: undefined }, 'includeRegions is missing'],
    [{ excludeRegions: ['US'] }, 'excludeRegions excludes every region that is included'],
    [{ mode: 'open' }, 'mode must be padded or fresh'],
    [{ unit: '5h' }, 'unit must be a duration that divides a day'],
    [{ minRecords: -1 }, 'minRecords must be >= 0'],
    [{ maxPageKeys: 0 }, 'maxPageKeys must be >= 1'],
    [{ maxPageKeys: 10_001 }, 'maxPageKeys must be <= 10000'],
    [{ callsPerMinute: 0 }, 'callsPerMinute must be >= 1'],
    [{ callsPerMinute: 6001 }, 'callsPerMinute must be <= 6000'],
    [{ thru: '2024-01-01T00:00:00Z' }, 'thru must be after from'],
    [{ id: 'Neighbour' }, 'id must be 1 to 40 of'],
    [{ secret: 'x' }, 'secret is not a known field'],
  ])('with %j is refused', (fields, problem) => {
    const [only = '', ...others] = problemsOfPartners(fields);
    expect(only).toContain(`partners[0].${problem}`);
    expect(others).toEqual([]);
  });

  it('is refused when another has its id, or its issuer and subject', () => {
    expect(problemsOfPartners({}, { subject: 'other' })).toEqual([
      'partners[1].id is the same as partners[0]',
    ]);
    expect(problemsOfPartners({}, { id: 'other' })).toEqual([
      'partners[1].subject with this issuer is the same as in partners[0]',
    ]);
    expect(problemsOfPartners({}, { id: 'other', issuer: 'https://b.example' })).toEqual([]);
  });
});

describe('the list of partners', () => {
  it('may be missing while none is stored', async () => {
    const parsed = parseConfiguration(aFile());
    expect(parsed).toMatchObject({ kind: 'configuration' });
    await apply(parsed.kind === 'configuration' ? parsed.value : aConfiguration());
    expect(await showConfiguration(store)).toContain('partners: []\n');
  });

  it('may not be missing once some are stored', async () => {
    await apply(partnersOf({}));
    const parsed = parseConfiguration(aFile());
    const wanted = parsed.kind === 'configuration' ? parsed.value : aConfiguration();
    const problem = 'is missing, and partners are stored; write [] to remove all of them';
    expect(await planned(wanted)).toEqual([`partners ${problem}`]);
    expect(await applyConfiguration(store, wanted, operator)).toEqual({
      kind: 'refused',
      problems: [{ path: 'partners', message: problem }],
    });
    expect(await findPartner(store)(WHO)).toMatchObject({ id: 'neighbour' });
  });

  it('is shown as it was applied, and applying that changes nothing', async () => {
    await apply(partnersOf({ mode: 'fresh', excludeRegions: ['MX'], unit: '2h' }));
    const shown = parseConfiguration(await showConfiguration(store));
    const wanted = shown.kind === 'configuration' ? shown.value : aConfiguration();
    expect(await applyConfiguration(store, wanted, operator)).toEqual({ kind: 'unchanged' });
  });
});

describe('a change of partners', () => {
  it('holds at once while no day is planned', async () => {
    await apply(partnersOf({}));
    await apply(partnersOf({ includeRegions: ['CA'] }));
    expect(await versions()).toEqual([]);
    expect(await findPartner(store)(WHO)).toMatchObject({ includeRegions: ['CA'] });
  });

  it('keeps what was before and what will be from the next midnight on', async () => {
    await apply(partnersOf({}));
    await plan();
    await apply(partnersOf({ includeRegions: ['CA', 'US'] }));
    expect(await versions()).toEqual(['0 CA,US', 'ever US']);
    await apply(partnersOf({ includeRegions: ['CA'] }));
    expect(await versions()).toEqual(['0 CA', 'ever US']);
  });

  it('that removes one revokes it at once, and ends its plans at midnight', async () => {
    await apply(partnersOf({}));
    await plan();
    expect(await planned(partnersOf())).toEqual(['remove partners neighbour']);
    await apply(partnersOf());
    expect(await findPartner(store)(WHO)).toBeUndefined();
    expect(await versions()).toEqual(['0 US until 0', 'ever US']);
  });

  it('that adds one again does not reach back', async () => {
    await apply(partnersOf({}));
    await plan();
    await apply(partnersOf());
    clock.advance(DAY);
    await apply(partnersOf({}));
    expect(await findPartner(store)(WHO)).toMatchObject({ from: MIDNIGHT + DAY });
  });

  it('holds from midnight also when only fresh partners were ever served', async () => {
    const fresh = { mode: 'fresh' };
    await apply(partnersOf(fresh));
    await apply(partnersOf({ ...fresh, includeRegions: ['CA', 'US'] }));
    expect(await versions()).toEqual(['0 CA,US', 'ever US']);
  });

  it('wants a yes for a wider grant, and says what is not given', async () => {
    await apply(partnersOf({}));
    await plan();
    const found = await planChanges(store, partnersOf({ includeRegions: ['CA', 'US'] }));
    expect(found).toMatchObject({
      advice: [
        {
          name: 'wider_grant',
          message:
            'Partner neighbour is granted more than before, from 2024-05-02T00:00:00Z on: of what was released between 2024-01-01T00:00:00Z and then it is not given what the old grant leaves out.',
        },
      ],
    });
  });

  it('wants a yes for a wider grant also where nothing was planned yet', async () => {
    const thru = (year: number): object => ({ thru: `${String(year)}-01-01T00:00:00Z` });
    const advised = async (before: object, after: object): Promise<readonly string[]> => {
      await applyConfiguration(store, partnersOf(before), operator);
      const found = await planChanges(store, partnersOf(after));
      if (found.kind !== 'planned') throw new Error('the plan was refused');
      return found.advice.filter(({ standing }) => !standing).map(({ message }) => message);
    };
    expect(await advised({}, { includeRegions: ['CA', 'US'] })).toEqual([
      'Partner neighbour is granted more than before, at once.',
    ]);
    expect(await advised(thru(2030), thru(2031))).toEqual([
      'Partner neighbour is given keys for longer than before: not until 2030-01-01T00:00:00Z, but until 2031-01-01T00:00:00Z.',
    ]);
    expect(await advised(thru(2030), {})).toEqual([
      expect.stringMatching(/ but without an end\.$/),
    ]);
    expect(await advised(thru(2030), thru(2029))).toEqual([]);
    expect(await advised({}, thru(2031))).toEqual([]);
  });

  it('wants a yes for a narrower grant of a padded partner, and says what is lost', async () => {
    await apply(partnersOf({ includeRegions: ['CA', 'US'] }));
    await plan();
    const found = await planChanges(store, partnersOf({}));
    expect(found).toMatchObject({
      changes: [{ fields: [{ field: 'includeRegions' }] }],
      advice: [
        {
          name: 'narrower_grant',
          message:
            'Partner neighbour is granted less than before, at once: of the units between 2024-01-01T00:00:00Z and 2024-05-02T00:00:00Z it is given none any more, since they were planned with the wider grant.',
        },
      ],
    });
  });

  it('wants no yes for limits, which hold at once', async () => {
    await apply(partnersOf({}));
    await plan();
    expect(await planned(partnersOf({ callsPerMinute: 10 }))).toEqual([
      'change partners neighbour',
    ]);
  });

  it('wants a yes for a fresh partner that is given keys of padded audiences, and only then', async () => {
    expect(await planned(partnersOf({ mode: 'fresh' }))).toContain('! fresh_partner neighbour');
    const elsewhere = partnersOf({ mode: 'fresh', ...ELSEWHERE });
    expect(await planned(elsewhere)).not.toContain('! fresh_partner neighbour');
  });

  it.each([
    [{ minRecords: 99 }, 'little_padding'],
    [{ minRecords: 0 }, 'little_padding'],
    [{ paddingRange: 0 }, 'constant_padding'],
  ])('wants a yes for %j of a padded partner', async (fields, name) => {
    expect(await planned(partnersOf(fields))).toContain(`! ${name} neighbour`);
  });
});

describe('partners beside exports', () => {
  it('are refused when their unit and a period do not divide one another', async () => {
    expect(await planned(partnersOf({ unit: '90m' }))).toEqual([
      'exports gives us a period of 4h, which is no multiple of the 90m of partner neighbour; both may hold the same keys',
    ]);
    expect(await planned(partnersOf({ unit: '6h' }))).toEqual([
      'partners gives neighbour a unit of 6h, which is no multiple of the 4h of us; both may hold the same keys',
    ]);
    expect(await planned(partnersOf({ unit: '90m', mode: 'fresh' }))).toContain(
      'add partners neighbour',
    );
    expect(await planned(partnersOf({ unit: '90m', ...ELSEWHERE }))).toContain(
      'add partners neighbour',
    );
  });

  it('are refused when their floor is more than a file may hold', async () => {
    const wanted = aConfiguration({
      exports: [anEntry('exports', { maxRecords: 1500 })],
      partners: [anEntry('partners', { minRecords: 2000 })],
    });
    expect(await planned(wanted)).toEqual([
      'partners pads neighbour to 2000 keys (minRecords), more than a file of us may hold (maxRecords 1500)',
    ]);
  });

  it('are refused when a unit is shorter than five minutes', async () => {
    expect(await planned(partnersOf({ unit: '4m' }))).toEqual([
      'partners gives neighbour a unit of 4m; outside the development profile it is 5m at least',
    ]);
  });

  it('count in what padding costs phones', async () => {
    const apps = [
      anEntry('apps', { id: 'a', regions: ['US'] }),
      anEntry('apps', { id: 'b', regions: ['US', 'MX'] }),
    ];
    const costs = async (configuration: Configuration): Promise<unknown> => {
      const found = await planChanges(store, configuration);
      return found.kind === 'planned' ? found.costs : found;
    };
    const alone = { cellsPerBatch: 1, keysPerDay: 6300 };
    expect(await costs(aConfiguration({ apps }))).toEqual([{ export: 'us', ...alone }]);
    const partners = [anEntry('partners', { excludeRegions: ['MX'], minRecords: 2000 })];
    expect(await costs(aConfiguration({ apps, partners }))).toEqual([
      { export: 'us', cellsPerBatch: 2, keysPerDay: 18_600 },
      { partner: 'neighbour', cellsPerBatch: 1, keysPerDay: 12_300 },
    ]);
  });
});
