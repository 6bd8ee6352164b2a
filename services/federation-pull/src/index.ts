export { startFederationPull } from './start-federation-pull.ts';
export { type FetchPage, type Fetched, type PullDeps, pullQuery } from './pull-query.ts';
