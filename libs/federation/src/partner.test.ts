import { type Grant, isWithin, narrowed } from './partner.ts';

const aGrant = (fields: Partial<Grant> = {}): Grant => ({
  ...{ includeRegions: ['CA', 'US'], excludeRegions: ['MX'] },
  ...{ includeTravelers: false, onlyLocalProvenance: true },
  ...fields,
});

describe('a grant lies within another', () => {
  it('that is the same', () => {
    expect(isWithin(aGrant(), aGrant())).toBe(true);
  });

  it.each<readonly [string, Partial<Grant>]>([
    ['has fewer regions', { includeRegions: ['US'] }],
    ['excludes more regions', { excludeRegions: ['MX', 'GT'] }],
    ['has other regions that it excludes itself', { includeRegions: ['US', 'MX'] }],
  ])('when it %s', (_, fields) => {
    expect(isWithin(aGrant(fields), aGrant())).toBe(true);
  });

  it('that has travelers or keys of other servers besides', () => {
    const wide = aGrant({ includeTravelers: true, onlyLocalProvenance: false });
    expect(isWithin(aGrant(), wide)).toBe(true);
  });
});

describe('a grant does not lie within another', () => {
  it.each<readonly [string, Partial<Grant>]>([
    ['has one more region', { includeRegions: ['CA', 'US', 'GT'] }],
    ['excludes fewer regions', { excludeRegions: [] }],
    ['has travelers besides', { includeTravelers: true }],
    ['has keys of other servers besides', { onlyLocalProvenance: false }],
    ['has another region in place of one', { includeRegions: ['CA', 'GT'] }],
  ])('when it %s', (_, fields) => {
    expect(isWithin(aGrant(fields), aGrant())).toBe(false);
  });
});

it('leaves of two grants what both allow, which lies within either', () => {
  const one = aGrant({ includeRegions: ['CA', 'US', 'GT'], includeTravelers: true });
  const other = aGrant({ includeRegions: ['US', 'DE'], excludeRegions: ['FR', 'MX'] });
  const both = narrowed(one, { ...other, onlyLocalProvenance: false });
  expect(both).toEqual(aGrant({ includeRegions: ['US'], excludeRegions: ['FR', 'MX'] }));
  expect([isWithin(both, one), isWithin(both, other)]).toEqual([true, true]);
});
