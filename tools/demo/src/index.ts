export {
  APPS,
  type Authority,
  EXPORTS,
  JOB_AUDIENCE,
  demoConfiguration,
  newAuthority,
} from './configuration.ts';
export { cellsIn, renderFiles } from './cells.ts';
export { type Check, holds, renderSteps, tally } from './checks.ts';
export { downloadSeries } from './client.ts';
export {
  PLATFORMS,
  type Platform,
  type PlatformName,
  ambientOf,
  callersOf,
  startServers,
} from './servers.ts';
export { runJobs } from './jobs.ts';
export { judgePublished } from './judgement.ts';
export { certified, dayKey, send } from './phones.ts';
export { type Round, playRound } from './round.ts';
export { openPlatform } from './wiring.ts';
export { type Simulation, openSimulation } from './simulation.ts';
export {
  COUNTRIES,
  type Country,
  type Neighbour,
  federatedConfiguration,
} from './federation/configuration.ts';
export { type Found, passHours, playFederation } from './federation/play.ts';
export { isRight } from './federation/table.ts';
export {
  type FederatedServer,
  type FederatedWorld,
  openFederatedWorld,
} from './federation/world.ts';
