import { aQuery, aWireKey } from '@keyserver/federation/testing';
import { convertKey } from './received-key.ts';

const rules = { query: aQuery(), maxOnsetMagnitude: 14 };
const convert = (
  fields: Parameters<typeof aWireKey>[1],
  options: { kind?: 'primary' | 'revision'; query?: Parameters<typeof aQuery>[0] } = {},
) =>
  convertKey(aWireKey(1, fields), options.kind ?? 'primary', {
    ...rules,
    query: aQuery(options.query),
  });
const taken = (...given: Parameters<typeof convert>) => {
  const converted = convert(...given);
  if (converted.kind === 'rejected') throw new Error(JSON.stringify(converted));
  return converted;
};

describe('a key of a partner', () => {
  it.each([
    ['exposureKey', 'bounds', { exposureKey: Buffer.alloc(15) }],
    ['exposureKey', 'bounds', { exposureKey: Buffer.alloc(17) }],
    ['exposureKey', 'bounds', { exposureKey: null }],
    ['intervalNumber', 'bounds', { intervalNumber: -1 }],
    ['intervalCount', 'bounds', { intervalCount: 0 }],
    ['intervalCount', 'bounds', { intervalCount: 145 }],
    ['intervalCount', 'bounds', { intervalCount: -5 }],
    ['transmissionRisk', 'bounds', { transmissionRisk: 9 }],
    ['transmissionRisk', 'bounds', { transmissionRisk: -1 }],
    ['reportType', 'not_accepted', { reportType: 0 }],
    ['reportType', 'not_accepted', { reportType: 3 }],
    ['reportType', 'not_accepted', { reportType: 4 }],
    ['reportType', 'not_accepted', { reportType: 6 }],
    ['reportType', 'revoked', { reportType: 5 }],
    ['regions', 'missing', { regions: [] }],
    ['regions', 'malformed', { regions: ['XA', 'x y'] }],
    ['regions', 'malformed', { regions: [''] }],
    ['regions', 'malformed', { regions: ['\u00df'] }], // a sharp s, of which upper case is SS
    ['regions', 'malformed', { regions: ['\u0131t'] }], // an i without a dot, of which upper case is I
    ['regions', 'too_many', { regions: Array.from({ length: 301 }, (_, n) => `X${n}`) }],
  ])('is refused for its %s (%s): %j', (field, reason, fields) => {
    expect(convert(fields)).toEqual({ kind: 'rejected', reject: { field, reason } });
  });

  it('has its regions trimmed, in upper case, sorted and each once', () => {
    expect(taken({ regions: [' xb', 'XA ', 'xa'] }).received.regions).toEqual(['XA', 'XB']);
  });

  it.each([
    [1, 'confirmed', 2],
    [2, 'likely', 4],
  ])('of report type %d is %s, and has risk %d where none was sent', (sent, type, risk) => {
    const { key } = taken({ reportType: sent, transmissionRisk: 0 }).received;
    expect([key.reportType, key.risk]).toEqual([type, risk]);
  });

  it('that is taken back is a revision, with risk 6 where none was sent', () => {
    const sent = { reportType: 5, transmissionRisk: 0 };
    const { key } = taken(sent, { kind: 'revision' }).received;
    expect([key.reportType, key.risk]).toEqual(['negative', 6]);
  });

  it('that people reported themselves, or another key led to, counts as likely where the query takes it', () => {
    const query = { acceptSelfReport: true, acceptRecursive: true };
    const types = [3, 4].map(
      (reportType) => taken({ reportType }, { query }).received.key.reportType,
    );
    expect(types).toEqual(['likely', 'likely']);
  });

  it('tells onset on its first day from no onset', () => {
    const days = (hasSymptomOnset: boolean) =>
      taken({ hasSymptomOnset, daysSinceOnsetOfSymptoms: 0 }).received.key.onsetDays;
    expect([days(true), days(false)]).toEqual([0, undefined]);
  });

  it.each([-15, 15, 2 ** 31 - 1, -(2 ** 31)])('is taken without an onset of %d days', (days) => {
    const { received, leftOut } = taken({ daysSinceOnsetOfSymptoms: days });
    expect(received.key.onsetDays).toBeUndefined();
    expect(leftOut).toEqual([{ field: 'daysSinceOnsetOfSymptoms', reason: 'left_out' }]);
  });

  it('of a traveler needs no region', () => {
    expect(taken({ regions: [], traveler: true }).received).toMatchObject({
      ...{ regions: [], traveler: true },
    });
  });

  it('keeps who verified it, where that is one printable line', () => {
    const name = 'Gesundheitsamt Überall';
    expect(taken({ verificationAuthorityName: name }).received.verifiedBy).toBe(name);
  });

  it.each(['x'.repeat(201), 'two\nlines', 'a\u0000b', ' ', 'a\u202eb'])(
    'is taken without a name such as %j',
    (name) => {
      const { received, leftOut } = taken({ verificationAuthorityName: name });
      expect(received.verifiedBy).toBeUndefined();
      expect(leftOut).toEqual([{ field: 'verificationAuthorityName', reason: 'left_out' }]);
    },
  );
});

describe('a key that was not asked for', () => {
  it.each([
    ['regions', { includeRegions: ['XA'] }, { regions: ['XB'] }],
    ['regions', { excludeRegions: ['XC'] }, { regions: ['XB', 'XC'] }],
    ['regions', { excludeRegions: ['XC'] }, { regions: ['XC'], traveler: true }],
    ['traveler', { onlyTravelers: true }, { regions: ['XB'] }],
  ])('is refused for its %s, asked %j, sent %j', (field, query, fields) => {
    expect(convert(fields, { query })).toEqual({
      ...{ kind: 'rejected', reject: { field, reason: 'not_asked' } },
    });
  });

  it('does not include travelers of other regions, whom partners add', () => {
    const query = { includeRegions: ['XA'] };
    expect(convert({ regions: ['XB'], traveler: true }, { query }).kind).toBe('key');
  });
});
