export { ADVICE_NAMES, type Advice, type AdviceName, type ChangeAdvice } from './advice.ts';
export { filesADay } from './advise.ts';
export {
  type ApplyOutcome,
  type SigningPlatform,
  applyConfiguration,
  planChanges,
  storedDigest,
} from './apply-configuration.ts';
export { parseAttestationPolicy } from './attestation-policy.ts';
export {
  type Configuration,
  DEVELOPMENT_NAMES,
  type Problem,
  type WholeConfiguration,
} from './configuration.ts';
export { type ExaminedConfiguration, examineConfiguration } from './examine-configuration.ts';
export { parseTime } from './grammar.ts';
export { parseConfiguration } from './parse-configuration.ts';
export type { Plan } from './plan.ts';
export { showConfiguration } from './show-configuration.ts';
