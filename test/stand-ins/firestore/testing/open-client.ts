import { createRequire } from 'node:module';
import type * as client from '@google-cloud/firestore';

/** Google's own client: the layers keep it within libs/firestore, but the stand-in has to be held to what it understands. */
const google = createRequire(import.meta.url)('@google-cloud/firestore') as typeof client;
export const { AggregateField, FieldPath, FieldValue, Timestamp } = google;
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is a package of the same code
export const { FirestoreClient } = google.v1;

export type CollectionReference = client.CollectionReference;
export type Query = client.Query;
export type Timestamp = client.Timestamp;

/** A client of a database on a stand-in. */
export const openClient = (
  address: string,
  databaseId: string,
  settings: client.Settings = {},
): client.Firestore =>
  new google.Firestore({ projectId: 'test', databaseId, host: address, ssl: false, ...settings });
