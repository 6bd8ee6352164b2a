import { closingAtOnce, openTestStoresOverFirestore } from '../support/stores-over-firestore.ts';

/** A transaction begins another one there and waits for it, which is for ever where reads are locked. */
const NESTED = 'is one of two that store the same new key at the same time, and once';

openTestStoresOverFirestore(closingAtOnce);

// What is tested over SQLite is tested over Firestore: these files describe themselves as they are loaded.
const { it } = globalThis;
const described = (name: string, ...more: readonly unknown[]): void => {
  if (name !== NESTED) Reflect.apply(it, undefined, [name, ...more]);
};
Object.assign(globalThis, { it: Object.assign(described, it) });
await import('../../libs/stores/src/authority-key-refresh.test.ts');
await import('../../libs/stores/src/federation-sync.test.ts');
await import('../../libs/stores/src/federation-secrets.test.ts');
await import('../../libs/stores/src/fresh-units.test.ts');
await import('../../libs/stores/src/served-units.test.ts');
await import('../../libs/stores/src/time-resets.test.ts');
await import('../../libs/stores/src/undo-positions.test.ts');
await import('../../services/export/src/partner-units.test.ts');
await import('../../services/federation-pull/src/pull-query.test.ts');
Object.assign(globalThis, { it });
