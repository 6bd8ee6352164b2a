export { startTrust } from './start-trust.ts';
