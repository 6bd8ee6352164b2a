import { CERTIFIED_REPORT_TYPES, REPORT_TYPE_CODE, isCertifiedReportType } from './key.ts';

describe('report types', () => {
  it.each(CERTIFIED_REPORT_TYPES)('lets a certificate state %s', (type) => {
    expect(isCertifiedReportType(type)).toBe(true);
  });

  it.each(['', 'Confirmed', 'CONFIRMED', 'self-report', 'user_report', ' likely', 'revoked'])(
    'lets no certificate state %j',
    (type) => {
      expect(isCertifiedReportType(type)).toBe(false);
    },
  );

  it('has the codes of the export format', () => {
    expect(REPORT_TYPE_CODE).toEqual({
      '': 0,
      confirmed: 1,
      likely: 2,
      'user-report': 3,
      negative: 5,
    });
  });
});
