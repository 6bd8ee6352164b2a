import type { IntervalNumber } from '@keyserver/time';

/** Bytes of a temporary exposure key. */
export const KEY_BYTES = 16;

/** A temporary exposure key as it is stored: valid in the intervals [start, start + period). */
export interface ExposureKey {
  /** 16 bytes. */
  readonly data: Uint8Array;
  readonly start: IntervalNumber;
  /** Ten-minute intervals, 1 to 144. */
  readonly period: number;
  /** Transmission risk level, 0 (not assigned) to 8. */
  readonly risk: number;
  readonly reportType: ReportType;
  /** UTC days from symptom onset to the key's start, -14 to 14 for keys published here; undefined when unknown. */
  readonly onsetDays: number | undefined;
}

/** A key whose report type may be changed, as the token of its phone names it. */
export interface RevisableKey {
  /** 16 bytes. */
  readonly data: Uint8Array;
  /** Interval number. */
  readonly start: number;
  /** Ten-minute intervals. */
  readonly period: number;
}

/** The first interval in which a key is no longer valid. */
export const keyEnd = (key: Pick<ExposureKey, 'start' | 'period'>): number =>
  key.start + key.period;

/** The bytes of a key in hexadecimal, under which it is found in memory. */
export const keyHex = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');

/** A key as a phone offers it for publication, nothing about it checked yet. */
export interface OfferedKey {
  /** Base64 in the spelling that was sent, which the MAC of a certificate depends on. */
  readonly key: string;
  /** Interval number in which the key became valid. */
  readonly rollingStartNumber: number;
  /** For how many intervals it is valid. */
  readonly rollingPeriod: number;
  /** 0 when the phone sent none. */
  readonly transmissionRisk: number;
}

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
