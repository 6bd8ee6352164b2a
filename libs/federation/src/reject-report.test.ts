import { RejectReport, rejectedKeys } from './reject-report.ts';

describe('a report of rejects', () => {
  it('counts by field and reason, in a fixed order', () => {
    const report = new RejectReport();
    report.add({ field: 'regions', reason: 'missing' });
    report.add({ field: 'exposureKey', reason: 'bounds' }, 3);
    report.addAll([{ field: 'regions', reason: 'missing', count: 4 }]);
    expect(report.counts).toEqual([
      { field: 'exposureKey', reason: 'bounds', count: 3 },
      { field: 'regions', reason: 'missing', count: 5 },
    ]);
  });

  it('counts a key whose value was left out as taken', () => {
    expect(
      rejectedKeys([
        { field: 'daysSinceOnsetOfSymptoms', reason: 'left_out', count: 7 },
        { field: 'regions', reason: 'missing', count: 2 },
      ]),
    ).toBe(2);
  });
});
