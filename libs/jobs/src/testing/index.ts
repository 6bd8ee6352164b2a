export { type ManualTimers, manualTimers } from './manual-timers.ts';
export { memoryLeases } from './memory-leases.ts';
