export { type EngineUnderTest, documentStoreContract } from './contract.ts';
