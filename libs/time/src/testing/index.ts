export { type ManualTimers, manualTimers } from './manual-timers.ts';
