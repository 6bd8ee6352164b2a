export { callerVariables } from './callers.ts';
export { ConfigFault } from './config-fault.ts';
export {
  type Environment,
  type SettingDescription,
  type ValuesOf,
  describeSettings,
  loadSettings,
  settings,
} from './env.ts';
export {
  type Setting,
  flag,
  integer,
  list,
  oneOf,
  secret,
  text,
  tolerant,
  url,
  windowSeconds,
} from './setting.ts';
export { listeningVariables } from './listening.ts';
export { PROFILE_VARIABLES, machinePorts } from './one-machine.ts';
export {
  type CloudPlatformChoice,
  type PlatformValues,
  endpointOf,
  bucketVariables,
  fileVariables,
  platformOf,
  revisionTokenKey,
  revisionTokenVariables,
  storeVariables,
} from './platform.ts';
export { Secret } from './secret.ts';
export { telemetryProject, telemetryVariables } from './telemetry.ts';
