import { ConfigFault } from './config-fault.ts';
import { integer, oneOf, text } from './setting.ts';
import { standIn } from './platform.ts';

/** The variables that say where a service sends its figures and traces. */
export const telemetryVariables = {
  TELEMETRY_EXPORTER: oneOf({
    about:
      'Where figures and traces go: nowhere, to a Prometheus that fetches the figures, or to Google Cloud.',
    values: ['none', 'prometheus', 'google-cloud'],
    default: 'none',
  }),
  METRICS_PORT: integer({
    about: 'The port on which Prometheus fetches figures, at /metrics.',
    min: 1,
    max: 65_535,
    default: 9464,
  }),
  METRICS_HOST: text({
    about: 'The network address of METRICS_PORT; whoever reaches it reads the figures.',
    default: '127.0.0.1',
    form: { pattern: /^[0-9A-Za-z.:-]+$/, described: 'a host name or an IP address' },
  }),
  TELEMETRY_INTERVAL_SECONDS: integer({
    about: 'How often figures and traces are sent to Google Cloud.',
    min: 10,
    max: 300,
    default: 60,
  }),
  TRACE_PERCENT: integer({
    about: 'How many of a hundred requests are traced on Google Cloud.',
    min: 0,
    max: 100,
    default: 10,
  }),
  TELEMETRY_ENDPOINT: standIn("a server like Google Cloud's Telemetry API"),
};

/** The project that figures and traces are sent to; throws a ConfigFault when it is missing. */
export function telemetryProject({
  GCP_PROJECT: project,
}: {
  readonly GCP_PROJECT: string;
}): string {
  if (project !== '') return project;
  throw new ConfigFault([
    { name: 'GCP_PROJECT', kind: 'missing', allowed: 'the id of the project' },
  ]);
}
