import { Fault } from '@keyserver/fault';
/** Why Cloud Storage could not do what was asked. */
export type FaultCode = 'no_bucket' | 'forbidden' | 'away' | 'corrupted' | 'refused';

const MEANING: Readonly<Record<FaultCode, string>> = {
  no_bucket: 'the bucket does not exist',
  forbidden: 'the service account lacks a permission',
  away: 'Cloud Storage cannot be reached or does not answer',
  corrupted: 'the content was changed on its way',
  refused: 'Cloud Storage refused the request',
};

/** Cloud Storage failed, or is not set up as it must be; an operator has to see to it, or time. */
export class CloudStorageFault extends Fault<FaultCode> {
  constructor(code: FaultCode, doing: string, cause?: unknown) {
    super(code, `${doing} failed: ${MEANING[code]}`, { cause });
  }
}

const hasStatus = (error: unknown): error is { status: unknown } =>
  typeof error === 'object' && error !== null && 'status' in error;
const hasCode = (error: unknown): error is { code: unknown } =>
  typeof error === 'object' && error !== null && 'code' in error;
const hasMessage = (error: unknown): error is { message: unknown } =>
  typeof error === 'object' && error !== null && 'message' in error;

/** The HTTP status that an error of the client stands for; undefined when there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  if (hasStatus(error) && typeof error.status === 'number') return error.status;
  if (hasCode(error) && typeof error.code === 'number') return error.code;
  return undefined;
}

const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Whether a request that failed like this may succeed when it is sent again: it was not answered, or told to come later. */
export function isPassing(error: unknown): boolean {
  if (error instanceof CloudStorageFault) return false;
  const status = statusOf(error);
  return status === undefined || PASSING.has(status);
}

/** Cloud Storage says `notFound` of buckets and objects alike; only its words tell them apart. */
export const lacksBucket = (error: unknown): boolean =>
  statusOf(error) === 404 &&
  hasMessage(error) &&
  /bucket does not exist/i.test(String(error.message));

/** The fault that an error of the client amounts to. */
export function faultOf(doing: string, error: unknown): CloudStorageFault {
  if (error instanceof CloudStorageFault) return error;
  return new CloudStorageFault(reasonOf(error), doing, error);
}

function reasonOf(error: unknown): FaultCode {
  if (isPassing(error)) return 'away';
  if (lacksBucket(error)) return 'no_bucket';
  const status = statusOf(error);
  return status === 401 || status === 403 ? 'forbidden' : 'refused';
}
