export { type CloudTrace, cloudTrace } from './cloud-format.ts';
export { type EventName, type Events, SEVERITY, type Severity } from './events.ts';
export { faultTrail } from './fault-trail.ts';
export {
  type ConfiguredId,
  type RequestId,
  type RoutePattern,
  type ServiceUrl,
  type SettingName,
  configuredId,
  requestIdOf,
  routePattern,
  serviceUrl,
  settingNames,
} from './field-types.ts';
export { type LineOutput, type TextStream, attemptOn, lineOutput } from './line-output.ts';
export {
  LOG_LEVELS,
  type LogLevel,
  type Logger,
  type ProcessLog,
  createLogger,
  eventLine,
} from './logger.ts';
export { requestResult } from './request-result.ts';
export { SIGNING_KEY_ADVICE } from './words.ts';
export {
  type CallerRefusal,
  type FederationRefusal,
  HEALTH_PROBLEMS,
  type HealthProblem,
  type HousekeepingTask,
  type JobName,
  type LogOutput,
  type PublishCode,
  type RequestResult,
  type ServiceName,
  type StatsRefusal,
  type TelemetrySignal,
} from './words.ts';
