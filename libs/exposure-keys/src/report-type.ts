/** Who says that a person is infected. The empty type is stored when a certificate was not required. */
export type ReportType = '' | CertifiedReportType;

/** The report types that a diagnosis certificate may state. */
export const CERTIFIED_REPORT_TYPES = ['confirmed', 'likely', 'user-report', 'negative'] as const;

/** A report type that a diagnosis certificate may state. */
export type CertifiedReportType = (typeof CERTIFIED_REPORT_TYPES)[number];

/** Whether a certificate may state this text as its report type; letter case counts. */
export const isCertifiedReportType = (value: string): value is CertifiedReportType =>
  CERTIFIED_REPORT_TYPES.some((type) => type === value);

/** The code of each report type in packed records; part of the data format, never to be renumbered. */
export const REPORT_TYPE_CODE: Readonly<Record<ReportType, number>> = {
  '': 0,
  confirmed: 1,
  likely: 2,
  'user-report': 3,
  negative: 5,
};
