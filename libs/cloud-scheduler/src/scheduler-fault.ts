import { Fault } from '@keyserver/fault';
import { DeadlineFault } from '@keyserver/retry';
import { grpc } from 'google-gax';

/** Cloud Scheduler did not do what it was asked; the message is a sentence for the operator. */
export class SchedulerFault extends Fault<'not_done'> {
  constructor(message: string, options?: ErrorOptions) {
    super('not_done', message, options);
  }
}

/** Where the jobs are. */
export interface Place {
  readonly projectId: string;
  readonly location: string;
}

/** The name of a gRPC status code. */
export const statusName = (code: number): string =>
  Object.entries(grpc.status).find(([, known]) => Number(known) === code)?.[0] ?? String(code);

/** The gRPC status code that an error carries or stands for; undefined when it did not come from the cloud. */
export function codeOf(error: unknown): number | undefined {
  if (error instanceof DeadlineFault) return grpc.status.DEADLINE_EXCEEDED;
  const code: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** What to tell an operator about an error; `doing` is what was asked, as in "list the jobs". */
export function schedulerFault(error: unknown, doing: string, place: Place): SchedulerFault {
  if (error instanceof SchedulerFault) return error;
  const code = codeOf(error);
  const why = code === undefined ? signInProblem(error) : reasonOf(code, place);
  return new SchedulerFault(`cannot ${doing}: ${why}`, { cause: error });
}

function reasonOf(code: number, { projectId, location }: Place): string {
  const unknown = `Cloud Scheduler does not know location ${location} of project ${projectId}`;
  const reasons = new Map<number, string>([
    [
      grpc.status.PERMISSION_DENIED,
      `project ${projectId} does not allow it to this account, or has the Cloud Scheduler API switched off`,
    ],
    [
      grpc.status.UNAUTHENTICATED,
      'Google does not accept these credentials; sign in with gcloud auth application-default login',
    ],
    [grpc.status.UNAVAILABLE, 'Cloud Scheduler cannot be reached'],
    [grpc.status.DEADLINE_EXCEEDED, 'Cloud Scheduler does not answer in time'],
    [grpc.status.NOT_FOUND, unknown],
    [grpc.status.INVALID_ARGUMENT, unknown],
    [grpc.status.RESOURCE_EXHAUSTED, `the quota of project ${projectId} is used up`],
  ]);
  return `${reasons.get(code) ?? 'Cloud Scheduler refuses'} (${statusName(code)})`;
}

function signInProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `signing in to Google Cloud failed: ${message.split('\n', 1).join('')}`;
}
