import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type AnyDefinition, type ServiceDefinition, fromJSON } from '@grpc/proto-loader';

const isService = (definition: AnyDefinition | undefined): definition is ServiceDefinition =>
  definition !== undefined && typeof definition.format !== 'string';

let definition: ServiceDefinition | undefined;

/**
 * Firestore's service, from the protos that its client brings along; 64-bit integers become decimal strings. It is always
 * the same, and to make it takes longer than all else that a stand-in does at its start.
 */
export const firestoreDefinition = (): ServiceDefinition => (definition ??= readDefinition());

function readDefinition(): ServiceDefinition {
  const client = createRequire(import.meta.url).resolve('@google-cloud/firestore/package.json');
  const file = join(dirname(client), 'build/protos/v1.json');
  const protos: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof protos !== 'object' || protos === null) throw new Error('the protos are not JSON');
  const options = { longs: String, enums: String, defaults: true, oneofs: true };
  const service = fromJSON(protos, options)['google.firestore.v1.Firestore'];
  if (!isService(service)) throw new Error('the protos do not have the service');
  return service;
}
