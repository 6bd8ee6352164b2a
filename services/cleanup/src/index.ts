export { startCleanup } from './start-cleanup.ts';
