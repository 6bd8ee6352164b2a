import { HOUR, unixMillis } from '@keyserver/time';
import { type Placed, type Reader, cellFinder } from './cell.ts';

const NOON = unixMillis(Date.UTC(2026, 0, 15, 12));

const aReader = (overrides: Partial<Reader>): Reader => ({
  ...{ id: 'us', outputRegion: 'US', inputRegions: [], excludeRegions: [] },
  ...{ includeTravelers: true, onlyNonTravelers: false },
  ...{ period: HOUR, minRecords: 100, paddingRange: 10, padEmpty: false },
  ...overrides,
});

const aDocument = (overrides: Partial<Placed> = {}): Placed => ({
  ...{ window: NOON, kind: 'primary', regions: ['US'], traveler: false, ...overrides },
});

/** An export of one country, and a partner that is given units of four hours of what its grant lets it see. */
const partner = aReader({
  ...{ id: 'partner', inputRegions: ['US', 'CA'], onlyNonTravelers: true, includeTravelers: false },
  ...{ period: 4 * HOUR, minRecords: 200, paddingRange: 5 },
});
const find = cellFinder({ exports: [aReader({}), partner] });

describe('the cell of a document', () => {
  it('has everybody who is given it, the smallest of their spans and the largest of their floors', () => {
    expect(find(aDocument())).toMatchObject({
      ...{ readers: ['partner', 'us'], start: NOON, end: NOON + HOUR },
      ...{ floor: 200, range: 10, padEmpty: false },
    });
  });

  it('is one of the partner alone where no export takes it', () => {
    expect(find(aDocument({ regions: ['CA'] }))).toMatchObject({
      ...{ readers: ['partner'], start: NOON, end: NOON + 4 * HOUR, floor: 200, range: 5 },
    });
  });

  it('leaves out a partner whose grant does not reach it', () => {
    const cell = find(aDocument({ traveler: true }));
    expect(cell).toMatchObject({ readers: ['us'], floor: 100 });
    expect(cell?.id).not.toBe(find(aDocument())?.id);
  });

  it('is another one for revisions, of the same readers and span', () => {
    const [primaries, revisions] = [find(aDocument()), find(aDocument({ kind: 'revision' }))];
    expect(revisions?.id).not.toBe(primaries?.id);
    expect({ ...revisions, id: '', kind: '' }).toEqual({ ...primaries, id: '', kind: '' });
  });

  it('is the same one in every window of its span, in whatever order readers are planned', () => {
    const other = cellFinder({ exports: [partner, aReader({})] });
    expect(other(aDocument())).toEqual(find(aDocument()));
    const later = aDocument({ regions: ['CA'], window: unixMillis(NOON + 3 * HOUR) });
    expect(find(later)).toEqual(find(aDocument({ regions: ['CA'] })));
  });

  it('is none where nobody is given it', () => {
    expect(find(aDocument({ regions: ['MX'] }))).toBeUndefined();
  });
});
