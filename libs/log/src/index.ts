export { type CloudTrace, cloudTrace } from './cloud-format.ts';
export type { EventName, Events } from './events.ts';
export { faultTrail } from './fault-trail.ts';
export {
  type ConfiguredId,
  type RequestId,
  type ServiceUrl,
  configuredId,
  requestIdOf,
  serviceUrl,
  settingNames,
} from './field-types.ts';
export { LOG_LEVELS, type LogLevel, type Logger, createLogger } from './logger.ts';
export type { CallerRefusal, HealthProblem, JobName, PublishCode, ServiceName } from './words.ts';
