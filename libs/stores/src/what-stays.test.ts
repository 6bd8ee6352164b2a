import { allCollections } from './all-collections.ts';
import { deletedWith, staysWith } from './what-stays.ts';

/** Whatever tells of people, by hand and not from the lists. */
const OF_PEOPLE = [
  ...['keyBatches', 'padShapes', 'totals', 'totalDeltas', 'dailyKeys'],
  ...['exportBatches', 'partnerUnits', 'padCells', 'padBegun', 'padRevised'],
];
const SECRETS = ['revisionKeys', 'federationSecrets', 'authorizedApps', 'healthAuthorities'];

describe('a server that ends', () => {
  it.each(['decommission', 'hibernate'] as const)(
    'deletes what tells of people, or stays for a reason (%s)',
    (goal) => {
      const deleted = deletedWith(goal).map(({ layout }) => layout.name);
      expect(deleted).toEqual(expect.arrayContaining(OF_PEOPLE));
      const known = new Set(allCollections.map(({ layout }) => layout.name));
      expect(Object.keys(staysWith(goal)).filter((name) => !known.has(name))).toEqual([]);
      expect(deleted.length + Object.keys(staysWith(goal)).length).toBe(known.size);
    },
  );

  it('for good keeps no secret and no configuration, and one that will wake keeps both', () => {
    const names = (goal: 'decommission' | 'hibernate') => Object.keys(staysWith(goal));
    expect(names('decommission').filter((name) => SECRETS.includes(name))).toEqual([]);
    expect(names('hibernate')).toEqual(expect.arrayContaining(SECRETS));
  });
});
