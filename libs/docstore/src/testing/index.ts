export { contractCollections, type EngineUnderTest, documentStoreContract } from './contract.ts';
