export { type FirestoreIndexes, firestoreIndexes } from './firestore-indexes.ts';
export { type FirestoreSettings, openFirestoreStore } from './store.ts';
