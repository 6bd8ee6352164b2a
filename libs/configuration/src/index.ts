export { ADVICE_NAMES, type AdviceName } from './advice.ts';
export type { ChangeAdvice } from './advise.ts';
export {
  type ApplyOutcome,
  type SigningPlatform,
  applyConfiguration,
  planChanges,
} from './apply-configuration.ts';
export type { Configuration, Problem } from './configuration.ts';
export { DEVELOPMENT_NAMES } from './development-names.ts';
export { parseConfiguration } from './parse-configuration.ts';
export type { Plan } from './plan.ts';
export { showConfiguration } from './show-configuration.ts';
