import type { UnixMillis } from '@keyserver/time';
import type { Severity } from './events.ts';

/** The trace of a request in the form that Cloud Logging links by. */
export type CloudTrace = string & { readonly __kind: 'cloud trace' };

/** The headers of a request, by lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** pino's numbers for the severities, in rising order. */
export const LEVEL_NUMBERS: Readonly<Record<Severity, number>> = {
  debug: 20,
  info: 30,
  warning: 40,
  error: 50,
  critical: 60,
  alert: 70,
};

/** The severity field of a line. */
export const severityField = (label: string): { readonly severity: string } => ({
  severity: label.toUpperCase(),
});

/** The name of the field that links a line to its trace. */
export const TRACE_FIELD = 'logging.googleapis.com/trace';

const CLOUD_TRACE = /^([0-9a-f]{32})(?:[/;]|$)/;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const PROJECT = /^[a-z][a-z0-9:.-]{0,99}$/;
const isCloudTrace = (text: string): text is CloudTrace =>
  /^projects\/[a-z0-9:.-]+\/traces\/[0-9a-f]{32}$/.test(text);

/**
 * The trace that a request belongs to. The caller chooses it, so only services whose callers are our own may log it.
 */
export function cloudTrace(headers: Headers, projectId: string): CloudTrace | undefined {
  const id =
    firstGroup(CLOUD_TRACE, headers['x-cloud-trace-context']) ??
    firstGroup(TRACE_PARENT, headers['traceparent']);
  if (id === undefined || !PROJECT.test(projectId)) return undefined;
  const trace = `projects/${projectId}/traces/${id}`;
  return isCloudTrace(trace) ? trace : undefined;
}

const firstGroup = (pattern: RegExp, header: string | readonly string[] | undefined) =>
  typeof header === 'string' ? pattern.exec(header)?.[1] : undefined;

/** The time field of a line: RFC 3339 in UTC, as pino wants it, a piece of JSON. */
export const timeField = (now: UnixMillis): string => `,"time":"${new Date(now).toISOString()}"`;
