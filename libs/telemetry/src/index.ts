export { countedLog } from './event-meters.ts';
export { COUNTERS, HISTOGRAMS, type Meters } from './instruments.ts';
export { INSTANTS, type ReadProgress } from './instants.ts';
export type { Exporter } from './push.ts';
export { METHODS, type EndedRequest, type ObserveRequest, callersTrace } from './requests.ts';
export { type OpenExporter, type Telemetry, startTelemetry } from './telemetry.ts';
