export { memoryLeases } from './memory-leases.ts';
