export { contractCollections, type StoreUnderTest, documentStoreContract } from './contract.ts';
