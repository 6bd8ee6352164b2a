import { Fault } from '@keyserver/fault';
import { within } from '@keyserver/retry';
import type { OpenExporter } from '@keyserver/telemetry';
import { SECOND, type Timers } from '@keyserver/time';
import {
  type ISerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { instance } from 'gcp-metadata';
import { GoogleAuth } from 'google-auth-library';

/** Figures or traces have not arrived; the code tells an operator what to look at. */
class TelemetryFault extends Fault<
  | 'forbidden' // the account of this service may not write them
  | 'refused' // something about them is wrong
  | 'partly_refused' // some were taken, others not
  | 'too_many' // more than the quota allows
  | 'away'
> {}

/**
 * Where OTLP is taken as it is, metrics and traces alike (https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview).
 */
const TELEMETRY_API = 'https://telemetry.googleapis.com';
/** What writing figures and traces needs, and nothing more; the account needs roles/telemetry.writer. */
const SCOPES = [
  'https://www.googleapis.com/auth/monitoring.write',
  'https://www.googleapis.com/auth/trace.append',
];
/** A figure must say where it was taken; this place is nowhere in particular. */
const NOWHERE = 'global';
const METADATA_PATIENCE = 2 * SECOND;

/** The way to Cloud Monitoring and Cloud Trace of one project. */
export async function cloudExporter(options: {
  readonly projectId: string;
  /** host:port of a stand-in, which needs no sign-in; undefined for Google's own. */
  readonly endpoint: string | undefined;
  readonly timers: Timers;
}): Promise<OpenExporter> {
  const { projectId, endpoint, timers } = options;
  const own = endpoint === undefined;
  const auth = new GoogleAuth({ projectId, scopes: SCOPES });
  const post = poster({
    base: own ? TELEMETRY_API : `http://${endpoint}`,
    authorization: async () =>
      own ? { authorization: `Bearer ${(await auth.getAccessToken()) ?? ''}` } : {},
  });
  return {
    sendFigures: async (figures, signal) => {
      await post('/v1/metrics', { of: ProtobufMetricsSerializer, batch: figures, signal });
    },
    sendSpans: async (spans, signal) => {
      await post('/v1/traces', { of: ProtobufTraceSerializer, batch: [...spans], signal });
    },
    attributes: {
      'gcp.project_id': projectId,
      'cloud.provider': 'gcp',
      'cloud.region': own ? await regionOf(timers) : NOWHERE,
    },
  };
}

/** The region of this machine, such as europe-west1; on a machine that is not Google's there is none. */
async function regionOf(timers: Timers): Promise<string> {
  try {
    const region: unknown = await within(
      { ms: METADATA_PATIENCE, timers },
      async () => await instance<unknown>('region'),
    );
    // The full name is projects/NUMBER/regions/REGION.
    return /[a-z0-9-]+$/.exec(String(region))?.[0] ?? NOWHERE;
  } catch {
    return NOWHERE; // figures are good without a region too
  }
}

interface Answer {
  readonly partialSuccess?: {
    readonly rejectedDataPoints?: number;
    readonly rejectedSpans?: number;
  };
}

type Post = <B>(
  path: '/v1/metrics' | '/v1/traces',
  sending: {
    readonly of: ISerializer<B, Answer>;
    readonly batch: B;
    readonly signal: AbortSignal;
  },
) => Promise<void>;

const poster =
  (to: {
    readonly base: string;
    readonly authorization: () => Promise<Record<string, string>>;
  }): Post =>
  async (path, { of, batch, signal }) => {
    const body = of.serializeRequest(batch);
    if (body === undefined) return; // there is nothing in it
    const headers = { 'content-type': 'application/x-protobuf', ...(await to.authorization()) };
    const answer = await answerTo(`${to.base}${path}`, { headers, body, signal });
    const { partialSuccess: { rejectedDataPoints = 0, rejectedSpans = 0 } = {} } =
      of.deserializeResponse(answer);
    const rejected = rejectedDataPoints + rejectedSpans;
    if (rejected > 0)
      throw new TelemetryFault('partly_refused', `${rejected} of what was sent were refused`);
  };

async function answerTo(
  url: string,
  request: {
    readonly headers: Record<string, string>;
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
  },
): Promise<Uint8Array> {
  try {
    const body = Buffer.from(request.body);
    const response = await fetch(url, { ...request, body, method: 'POST', redirect: 'error' });
    const answer = new Uint8Array(await response.arrayBuffer());
    if (!response.ok)
      throw new TelemetryFault(codeOf(response.status), `the answer was ${response.status}`);
    return answer;
  } catch (cause) {
    if (cause instanceof TelemetryFault) throw cause;
    throw new TelemetryFault('away', 'the Telemetry API cannot be reached', { cause });
  }
}

function codeOf(status: number): TelemetryFault['code'] {
  if (status === 401 || status === 403) return 'forbidden';
  if (status === 429) return 'too_many';
  return status >= 400 && status < 500 ? 'refused' : 'away';
}
