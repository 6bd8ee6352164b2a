import { closingAtOnce, openTestStoresOverFirestore } from '../support/stores-over-firestore.ts';

openTestStoresOverFirestore(closingAtOnce);

// What is tested over SQLite is tested over Firestore: these files describe themselves as they are loaded.
await import('../../libs/stores/src/delete-keys.test.ts');
await import('../../libs/stores/src/delete-bookkeeping.test.ts');
await import('../../libs/stores/src/retire-batches.test.ts');
await import('../../services/cleanup/src/clean-exports.test.ts');
await import('../../services/cleanup/src/clean-keys.test.ts');
await import('../../libs/stores/src/revision-keys.test.ts');
await import('../../libs/stores/src/token-key-age.test.ts');
