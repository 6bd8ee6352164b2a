export { ADVICE_NAMES, type AdviceName, type ChangeAdvice } from './advice.ts';
export {
  type ApplyOutcome,
  type SigningPlatform,
  applyConfiguration,
  planChanges,
  storedDigest,
} from './apply-configuration.ts';
export { type Configuration, DEVELOPMENT_NAMES, type Problem } from './configuration.ts';
export { parseTime } from './grammar.ts';
export { parseConfiguration } from './parse-configuration.ts';
export type { Plan } from './plan.ts';
export { showConfiguration } from './show-configuration.ts';
