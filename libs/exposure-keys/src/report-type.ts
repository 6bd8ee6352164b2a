/** Who says that a person is infected. The empty type is stored when a certificate was not required. */
export type ReportType = '' | 'confirmed' | 'likely' | 'user-report' | 'negative';

/** The report types that a diagnosis certificate may state. */
export const CERTIFIED_REPORT_TYPES = ['confirmed', 'likely', 'user-report', 'negative'] as const;

/** The code of each report type in packed records; part of the data format, never to be renumbered. */
export const REPORT_TYPE_CODE: Readonly<Record<ReportType, number>> = {
  '': 0,
  confirmed: 1,
  likely: 2,
  'user-report': 3,
  negative: 5,
};
