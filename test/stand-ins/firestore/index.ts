export { type FirestoreStandIn, startFirestoreStandIn } from './start-firestore.ts';
