import type { Collection } from '@keyserver/docstore';
import { allCollections } from './all-collections.ts';
import type { LifecycleGoal } from './lifecycle.ts';

/** What an ended server keeps, and why. A collection that is named nowhere here is deleted. */
const STAYS_FOR_GOOD: Readonly<Record<string, string>> = {
  auditChain: 'says what operators did, the end included',
  auditCheckpoints: 'are signed, and prove the chain',
  auditEntries: 'come before the chain, which names their digest',
  auditHeads: 'end the chain',
  lifecycles: 'say that the server has ended, and have the report',
  storeFormat: 'names this store, so that nothing else is taken for it',
  storeParts: 'say what belongs to the store',
  timeResets: 'say how store time was mended',
  // Processes that still run write these; they hold times and counters of the server alone.
  answerTimes: 'say how long this server takes to answer',
  healthProbes: 'say that the store can be written',
  leases: 'say which process works',
};

/** What a hibernating server keeps besides: all that it takes to go on, and nothing of people. */
const STAYS_TO_WAKE: Readonly<Record<string, string>> = {
  authorityKeySets: 'are public keys of authorities',
  authorizedApps: 'are configured',
  dataImports: 'say what was moved here',
  exportConfigs: 'are configured',
  federationPositions: 'say how far partners were read, so that nothing is fetched twice',
  federationQueries: 'are configured',
  federationSecrets: 'seal the positions of partners',
  federationSyncs: 'count what runs fetched',
  healthAuthorities: 'are configured',
  partners: 'are configured',
  pauses: 'are set by operators',
  revisionKeys: 'seal the tokens of phones',
  signingKeys: 'are configured',
  totalsProgress: 'says how far counts were folded',
  usedSigningKeys: 'say which keys signed files that people have kept',
};

/** The names of the collections that stay, with the reason. */
export const staysWith = (goal: LifecycleGoal): Readonly<Record<string, string>> =>
  goal === 'hibernate' ? { ...STAYS_FOR_GOOD, ...STAYS_TO_WAKE } : STAYS_FOR_GOOD;

/** The collections whose documents are deleted, those of people among them. */
export const deletedWith = (goal: LifecycleGoal): readonly Collection<object>[] =>
  allCollections.filter(({ layout }) => !Object.hasOwn(staysWith(goal), layout.name));
