import { closeTestStores, openTestStore } from '@keyserver/sqlite/testing';
import { seededRandom } from '@keyserver/random/testing';
import { applyConfiguration, planChanges } from './apply-configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { showConfiguration } from './show-configuration.ts';
import { aConfiguration, aFile, anEntry } from './testing/index.ts';

afterEach(closeTestStores);

const problemsOf = (...queries: readonly object[]): readonly string[] => {
  const parsed = parseConfiguration(aFile({ queries }));
  return parsed.kind === 'refused'
    ? parsed.problems.map(({ path, message }) => `${path} ${message}`)
    : [];
};
const query = (fields: object = {}) => anEntry('queries', fields);

describe('a federation query in the file', () => {
  it('may say no more than whom, as whom and since when', () => {
    expect(aConfiguration({ queries: [query()] }).queries).toMatchObject([
      {
        ...{ server: 'keys.neighbour.example', partner: 'standard', maxPageKeys: 5000 },
        ...{ includeRegions: [], excludeRegions: [], onlyTravelers: false },
        ...{ onlyLocalProvenance: true, acceptSelfReport: false, acceptRecursive: false },
        thru: undefined,
      },
    ]);
  });

  it.each(['127.0.0.1:8086', 'localhost:8086', 'a.example:443', 'a'])('may be of %s', (server) => {
    expect(problemsOf(query({ server }))).toEqual([]);
  });

  it.each([
    ...['https://a.example', 'A.example', 'a.example/x', 'a.example:0', 'a.example:123456', 'a..b'],
    ...['a.example:', ':443', '-a.example', 'unix:/tmp/x', 'a b', 'user@a.example', ''],
  ])('may not be of %j', (server) => {
    expect(problemsOf(query({ server }))[0]).toMatch(/^queries\[0\]\.server must be a host name/);
  });

  it.each([
    [{ audience: 'http://a.example' }, 'queries[0].audience must be an https address'],
    [{ partner: 'guess' }, 'queries[0].partner must be standard or reference'],
    [{ maxPageKeys: 0 }, 'queries[0].maxPageKeys must be >= 1'],
    [{ maxPageKeys: 10_001 }, 'queries[0].maxPageKeys must be <= 10000'],
    [{ id: 'East' }, 'queries[0].id must be 1 to 40'],
    [{ token: 'x' }, 'queries[0].token is not a known field'],
    [{ thru: '2023-01-01T00:00:00Z' }, 'queries[0].thru must be after from'],
    [
      { includeRegions: ['XA', 'xb'], excludeRegions: ['XB'] },
      'queries[0].excludeRegions has XB, which includeRegions has too',
    ],
  ])('is refused with %j', (fields, problem) => {
    expect(problemsOf(query(fields)).join()).toContain(problem);
  });

  it('is there once', () => {
    expect(problemsOf(query(), query())).toEqual(['queries[1].id is the same as queries[0]']);
  });
});

describe('the queries of a store', () => {
  const by = { actor: 'alex', random: seededRandom('queries') };

  it('are stored, shown as they were written, and the same when they are applied again', async () => {
    const store = await openTestStore();
    const wanted = aConfiguration({ queries: [query({ includeRegions: ['XB', 'XA'] })] });
    expect((await applyConfiguration(store, wanted, by)).kind).toBe('applied');
    const shown = parseConfiguration(await showConfiguration(store));
    expect(shown).toEqual({ kind: 'configuration', value: wanted });
    expect((await applyConfiguration(store, wanted, by)).kind).toBe('unchanged');
  });

  it('may be left out of a file only while there are none', async () => {
    const store = await openTestStore();
    const without = aConfiguration();
    expect((await applyConfiguration(store, without, by)).kind).toBe('applied');
    await applyConfiguration(store, aConfiguration({ queries: [query()] }), by);
    const refused = await planChanges(store, without);
    expect(refused).toMatchObject({ kind: 'refused', problems: [{ path: 'queries' }] });
    expect((await applyConfiguration(store, without, by)).kind).toBe('refused');
  });

  it('can be ended', async () => {
    const store = await openTestStore();
    await applyConfiguration(store, aConfiguration({ queries: [query()] }), by);
    const thru = '2030-01-01T00:00:00Z';
    const ended = aConfiguration({ queries: [query({ thru })] });
    const plan = await planChanges(store, ended);
    expect(plan).toMatchObject({ changes: [{ action: 'end', section: 'queries' }] });
  });
});
