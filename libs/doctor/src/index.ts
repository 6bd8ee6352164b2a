export { type Check, type Finding, STATUSES, type Status, counted, sentenceOf } from './check.ts';
export {
  ALL_CHECKS,
  CHECK_GROUPS,
  type CheckGroup,
  type Examined,
  examine,
  gravityOf,
} from './examine.ts';
export type {
  Addresses,
  Certificate,
  Fetched,
  Grant,
  Grants,
  Network,
  OpenPatient,
  Patient,
  PatientJobs,
  PatientMachine,
  PatientSettings,
} from './patient.ts';
