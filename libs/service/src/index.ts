export {
  HealthFault,
  type HealthProbe,
  healthWatch,
  metDamage,
  namedProbe,
  probeAll,
  seldom,
} from './health.ts';
export { type ReadBody, bodyReader } from './body.ts';
export {
  type Caller,
  type CallerRules,
  type VerifyCaller,
  callerVerifier,
} from './identity-token.ts';
export {
  type CallerSettings,
  type JobAppDeps,
  createJobApp,
  schedulerVerifier,
} from './job-service.ts';
export {
  ListenFault,
  MAX_CONNECTIONS,
  type RunningServer,
  type RunningService,
  type Timeouts,
  bind,
  listen,
} from './listen.ts';
export { crash, housekeepingWatch } from './housekeeping-watch.ts';
export {
  type PartnerCaller,
  type PartnerIdentity,
  type VerifyPartner,
  partnerVerifier,
} from './partner.ts';
export type { FaultAnswer, RenderFault } from './render-fault.ts';
export { requireCaller } from './require-caller.ts';
export type { LogState } from './process-logs.ts';
export { type Ambient, type StartService, type TimeAndChance, runService } from './run-service.ts';
export type { LogOf } from './request-log.ts';
export { serve } from './serve.ts';
export { jobServiceStarter } from './start-job-service.ts';
export { type HttpAppParts, createHttpApp } from './server.ts';
export type { JsonShape } from './json-shape.ts';
export { leaveOut } from './watch-requests.ts';
export { type ObservedAmbient, type OpenCloudExporter, withTelemetry } from './with-telemetry.ts';
export type { ReadProgress } from '@keyserver/telemetry';
export { type JsonRefusal, type StrictJson, strictJsonParser } from './strict-json.ts';
export { noteUnreadableIn } from './unreadable-requests.ts';
