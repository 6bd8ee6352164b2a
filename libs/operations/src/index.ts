export { type ApplyOutcome, applyConfiguration, planChanges } from './apply-configuration.ts';
export type { Configuration, Problem } from './configuration.ts';
export { parseConfiguration } from './parse-configuration.ts';
export { DEVELOPMENT_NAMES } from './development-names.ts';
export type { Plan } from './plan.ts';
export { showConfiguration } from './show-configuration.ts';
