export { ConfigFault } from './config-fault.ts';
export { type SettingDescription, describeSettings } from './describe.ts';
export { type Environment, type ValuesOf, loadSettings, settings } from './env.ts';
export { integer, windowSeconds } from './numbers.ts';
export { endpointOf, fileVariables, platformOf, storeVariables } from './platform.ts';
export { Secret } from './secret.ts';
export { flag, list, oneOf, secret, text } from './texts.ts';
export { url } from './url.ts';
export type { Setting } from './setting.ts';
