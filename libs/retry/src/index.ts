export { type Deadline, DeadlineFault, within } from './deadline.ts';
export {
  type BackOff,
  type PauseSource,
  type RetryPolicy,
  backOff,
  longestPause,
  retry,
} from './retry.ts';
