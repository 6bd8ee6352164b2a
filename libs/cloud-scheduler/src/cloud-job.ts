import type { protos } from '@google-cloud/scheduler';
import { SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import { statusName } from './scheduler-fault.ts';

type Message = protos.google.cloud.scheduler.v1.IJob;
type Timestamp = protos.google.protobuf.ITimestamp;

/** What a job requests, and whom its identity token makes it. */
interface CloudTarget {
  readonly uri: string;
  readonly method: string;
  readonly token: { readonly audience: string; readonly account: string } | undefined;
}

/** A job of Cloud Scheduler, as far as operators need it. */
export interface CloudJob {
  /** Its id within the project and location. */
  readonly name: string;
  readonly state: 'ENABLED' | 'PAUSED' | 'DISABLED' | 'UPDATE_FAILED' | 'UNKNOWN';
  readonly schedule: string;
  readonly timeZone: string;
  readonly target: CloudTarget | undefined;
  readonly deadlineSeconds: number;
  readonly retries: number;
  readonly lastAttempt: { readonly time: UnixMillis; readonly status: string } | undefined;
  readonly nextRun: UnixMillis | undefined;
}

const STATES = new Map<unknown, CloudJob['state']>([
  [1, 'ENABLED'],
  ['ENABLED', 'ENABLED'],
  [2, 'PAUSED'],
  ['PAUSED', 'PAUSED'],
  [3, 'DISABLED'],
  ['DISABLED', 'DISABLED'],
  [4, 'UPDATE_FAILED'],
  ['UPDATE_FAILED', 'UPDATE_FAILED'],
]);
/** The enumeration of HTTP methods in Cloud Scheduler's protos; what names none is a POST. */
const METHODS = ['POST', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

/** A job from the message that describes it. */
export const cloudJob = (message: Message): CloudJob => ({
  name: (message.name ?? '').replace(/^.*\//, ''),
  state: STATES.get(message.state) ?? 'UNKNOWN',
  schedule: message.schedule ?? '',
  timeZone: message.timeZone ?? '',
  target: targetOf(message),
  deadlineSeconds: Number(message.attemptDeadline?.seconds ?? 0),
  retries: message.retryConfig?.retryCount ?? 0,
  lastAttempt: attemptOf(message),
  nextRun: instantOf(message.scheduleTime),
});

function attemptOf({ lastAttemptTime, status }: Message): CloudJob['lastAttempt'] {
  const time = instantOf(lastAttemptTime);
  return time === undefined ? undefined : { time, status: statusName(status?.code ?? 0) };
}

function targetOf({ httpTarget }: Message): CloudTarget | undefined {
  if (httpTarget === null || httpTarget === undefined) return undefined;
  const { httpMethod, oidcToken } = httpTarget;
  const uri = httpTarget.uri ?? '';
  const method = typeof httpMethod === 'string' ? httpMethod : METHODS[httpMethod ?? 0];
  return { uri, method: method ?? 'UNKNOWN', token: tokenOf(oidcToken, uri) };
}

function tokenOf(
  token: protos.google.cloud.scheduler.v1.IOidcToken | null | undefined,
  uri: string,
): CloudTarget['token'] {
  if (token === null || token === undefined) return undefined;
  const { audience, serviceAccountEmail: account } = token;
  // A token without an audience is meant for the address that is called.
  const meant = audience === null || audience === undefined || audience === '' ? uri : audience;
  return { audience: meant, account: account ?? '' };
}

function instantOf(time: Timestamp | null | undefined): UnixMillis | undefined {
  if (time === null || time === undefined) return undefined;
  const ms = Number(time.seconds ?? 0) * SECOND + Math.floor((time.nanos ?? 0) / 1_000_000);
  return ms > 0 ? unixMillis(ms) : undefined;
}
