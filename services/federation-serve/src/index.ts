export { startFederationServe } from './start-federation-serve.ts';
