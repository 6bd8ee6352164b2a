import { type Message, type Methods, serveGrpc } from '../grpc/serve-grpc.ts';
import { corrupted } from './corrupt.ts';
import { type KmsFaults, KmsFaultPlan } from './faults.ts';
import { KeyRing } from './key-ring.ts';
import type { SigningAlgorithm, VersionState } from './keys.ts';
import { methodsOf } from './methods.ts';

/** A role, and who has it. */
interface Binding extends Message {
  readonly role: string;
  readonly members: readonly string[];
}

/** A running stand-in for Cloud KMS, as far as the server uses it; its keys live in memory. */
export interface KmsStandIn {
  /** Host and port, for gRPC in plain text. */
  readonly address: string;
  readonly faults: KmsFaults;
  /** Creates a key by its full name; the answer is the full name of its first version. */
  createSigningKey(name: string, algorithm?: SigningAlgorithm): string;
  createWrappingKey(name: string): string;
  addVersion(key: string): string;
  setState(version: string, state: VersionState): void;
  /** Grants roles on a key in the place of all before, as SetIamPolicy does. */
  setPolicy(key: string, bindings: readonly Binding[]): void;
  close(): Promise<void>;
}

/** Starts a stand-in on a port of this machine, a free one unless told. */
export async function startKmsStandIn(
  options: { readonly port?: number } = {},
): Promise<KmsStandIn> {
  const ring = new KeyRing();
  const faults = new KmsFaultPlan();
  const policies = new Map<string, readonly Binding[]>();
  const server = await serveGrpc({
    client: '@google-cloud/kms',
    service: 'google.cloud.kms.v1.KeyManagementService',
    ...{ methods: corruptible(methodsOf(ring), faults), faults, port: options.port ?? 0 },
    iam: {
      // Of a key that does not exist the cloud tells nothing, either.
      GetIamPolicy: ({ resource }) => {
        const { name } = ring.key(String(resource));
        return { version: 1, bindings: policies.get(name) ?? [] };
      },
    },
  });
  return {
    address: server.address,
    faults,
    createSigningKey: (name, algorithm = 'EC_SIGN_P256_SHA256') =>
      ring.createSigningKey(name, algorithm),
    createWrappingKey: (name) => ring.createWrappingKey(name),
    addVersion: (key) => ring.addVersion(key),
    setState: (version, state) => {
      ring.setState(version, state);
    },
    setPolicy: (key, bindings) => {
      policies.set(key, bindings);
    },
    close: server.close,
  };
}

/** The methods, with what changes on the way to them or back. */
const corruptible = (methods: Methods, faults: KmsFaultPlan): Methods =>
  Object.fromEntries(
    Object.entries(methods).map(([method, serve]) => [
      method,
      (request: Message) => {
        const corruption = faults.takeCorruption(method);
        if (corruption === undefined) return serve(request);
        return corruption.of === 'request'
          ? serve(corrupted(request, corruption))
          : corrupted(serve(request), corruption);
      },
    ]),
  );
