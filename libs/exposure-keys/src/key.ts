import type { IntervalNumber } from '@keyserver/time';
import type { ReportType } from './report-type.ts';

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

/** The first interval in which a key is no longer valid. */
export const keyEnd = (key: Pick<ExposureKey, 'start' | 'period'>): number =>
  key.start + key.period;

/** The bytes of a key in hexadecimal, under which it is found in memory. */
export const keyHex = (data: Uint8Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
