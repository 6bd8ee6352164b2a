import { openTestStoresOverFirestore } from '../support/stores-over-firestore.ts';

openTestStoresOverFirestore();

// What is tested over SQLite is tested over Firestore: these files describe themselves as they are loaded.
await import('../../libs/stores/src/audit-chain.test.ts');
await import('../../libs/operations/src/verify-audit.test.ts');
await import('../../libs/operations/src/trim-audit.test.ts');
