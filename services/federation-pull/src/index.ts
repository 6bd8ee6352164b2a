export { startFederationPull } from './start-federation-pull.ts';
export type { FetchPage, Fetched } from './page-call.ts';
export { type PullDeps, pullQuery } from './pull-query.ts';
