import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type handleUnaryCall,
  status,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { corrupted } from './corrupt.ts';
import { type Fault, FaultPlan, type KmsFaults } from './faults.ts';
import { KeyRing } from './key-ring.ts';
import type { SigningAlgorithm, VersionState } from './keys.ts';
import { type Message, methodsOf } from './methods.ts';
import { Refusal } from './refusal.ts';

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
  close(): Promise<void>;
}

const SERVICE = 'google.cloud.kms.v1.KeyManagementService';

/** Starts a stand-in on a port of this machine, a free one unless told. */
export async function startKmsStandIn(
  options: { readonly port?: number } = {},
): Promise<KmsStandIn> {
  const ring = new KeyRing();
  const faults = new FaultPlan();
  const grpc = new Server();
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  grpc.addService(await serviceDefinition(), implementationOf({ ring, faults, cut }));
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    injector.injectConnection(socket);
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, faults },
    createSigningKey: (name, algorithm = 'EC_SIGN_P256_SHA256') =>
      ring.createSigningKey(name, algorithm),
    createWrappingKey: (name) => ring.createWrappingKey(name),
    addVersion: (key) => ring.addVersion(key),
    setState: (version, state) => {
      ring.setState(version, state);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      grpc.forceShutdown();
      cut();
      await closed;
    },
  };
}

/** The service as the client's own package describes it. */
async function serviceDefinition(): Promise<ServiceDefinition> {
  const client = createRequire(import.meta.url).resolve('@google-cloud/kms/package.json');
  const protos: unknown = JSON.parse(
    await readFile(join(client, '..', 'build', 'protos', 'protos.json'), 'utf8'),
  );
  const options = { longs: Number, enums: String, defaults: true, oneofs: true };
  return fromJSON(protos as Parameters<typeof fromJSON>[0], options)[SERVICE] as ServiceDefinition;
}

interface Behind {
  readonly ring: KeyRing;
  readonly faults: FaultPlan;
  /** Breaks every connection. */
  readonly cut: () => void;
}

function implementationOf({ ring, faults, cut }: Behind): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {};
  for (const [method, serve] of Object.entries(methodsOf(ring))) {
    const handle: handleUnaryCall<Message, Message> = (call, answer) => {
      serveFaulty({ request: call.request, serve, cut }, faults.take(method)).then(
        (response) => {
          if (response !== undefined) answer(null, response);
        },
        (error: unknown) => {
          if (error instanceof Refusal) answer({ code: error.code, details: error.message });
          else answer({ code: status.INTERNAL, details: String(error) });
        },
      );
    };
    implementation[method] = handle;
  }
  return implementation;
}

interface Served {
  readonly request: Message;
  readonly serve: (request: Message) => Message;
  readonly cut: () => void;
}

/** The answer after the fault was applied; undefined when there shall be none. */
async function serveFaulty(of: Served, fault: Fault | undefined): Promise<Message | undefined> {
  const { request, serve, cut } = of;
  if (fault === undefined) return serve(request);
  switch (fault.kind) {
    case 'fail':
      throw new Refusal(fault.code, 'this failure was planned by a test');
    case 'slow':
      await setTimeout(fault.ms);
      return serve(request);
    case 'hang':
      return undefined;
    case 'cut':
      if (fault.when === 'after') serve(request);
      cut();
      return undefined;
    case 'corrupt':
      return fault.of === 'request'
        ? serve(corrupted(request, fault))
        : corrupted(serve(request), fault);
  }
}
