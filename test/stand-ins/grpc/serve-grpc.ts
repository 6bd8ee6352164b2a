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
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { CallFault, CallFaultPlan } from './call-faults.ts';
import { Refusal } from './refusal.ts';

/** A message as proto-loader gives it: absent messages are null, absent texts empty. */
export type Message = Readonly<Record<string, unknown>>;

/** The methods of a service; a refusal is thrown. */
export type Methods = Readonly<Record<string, (request: Message) => Message>>;

/** What a stand-in of a Google API over gRPC is made of. */
export interface GrpcParts {
  /** The client's npm package, which brings the protos. */
  readonly client: string;
  /** The full name of the service in its protos. */
  readonly service: string;
  readonly methods: Methods;
  /** The methods of google.iam.v1.IAMPolicy, where the API has policies of its resources. */
  readonly iam?: Methods;
  readonly faults: CallFaultPlan;
  /** 0 takes any free one. */
  readonly port: number;
}

/** A server that listens on this machine, in plain text. */
export interface GrpcServer {
  /** Host and port. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves methods over gRPC, with the faults that tests plan. */
export async function serveGrpc(parts: GrpcParts): Promise<GrpcServer> {
  const grpc = new Server();
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  grpc.addService(
    await serviceDefinition({ ...parts, ...ownProtos(parts) }),
    implementationOf(parts, cut),
  );
  if (parts.iam !== undefined)
    grpc.addService(
      await serviceDefinition(IAM),
      implementationOf({ ...parts, methods: parts.iam }, cut),
    );
  // The connections are ours, so that one can break in the middle of a call.
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    injector.injectConnection(socket);
  });
  server.listen(parts.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      grpc.forceShutdown();
      cut();
      await closed;
    },
  };
}

/** What every API of Google's speaks that has policies, as the clients' common package describes it. */
const IAM = {
  service: 'google.iam.v1.IAMPolicy',
  entry: 'google-gax',
  protos: '../protos/iam_service.json',
};

const definitions = new Map<string, Promise<ServiceDefinition>>();

/** The service as the client's own package describes it; always the same, and costly to make. */
async function serviceDefinition(described: Described): Promise<ServiceDefinition> {
  const { service } = described;
  const definition = definitions.get(service) ?? readDefinition(described);
  definitions.set(service, definition);
  return await definition;
}

/** A service, and where its protos lie: a module, and a path from the folder that it is in. */
interface Described {
  readonly service: string;
  readonly entry: string;
  readonly protos: string;
}

const ownProtos = ({ client }: GrpcParts): Pick<Described, 'entry' | 'protos'> => ({
  entry: `${client}/package.json`,
  protos: 'build/protos/protos.json',
});

async function readDefinition({
  service,
  entry,
  protos: path,
}: Described): Promise<ServiceDefinition> {
  const folder = dirname(createRequire(import.meta.url).resolve(entry));
  const protos: unknown = JSON.parse(await readFile(join(folder, path), 'utf8'));
  const options = { longs: Number, enums: String, defaults: true, oneofs: true };
  return fromJSON(protos as Parameters<typeof fromJSON>[0], options)[service] as ServiceDefinition;
}

function implementationOf(
  { methods, faults }: Pick<GrpcParts, 'methods' | 'faults'>,
  cut: () => void,
): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {};
  for (const [method, serve] of Object.entries(methods)) {
    const handle: handleUnaryCall<Message, Message> = (call, answer) => {
      const run = (): Message => serve(call.request);
      served(run, faults.take(method), cut).then(
        (response) => {
          if (response !== undefined) answer(null, response);
        },
        (error: unknown) => {
          const details = error instanceof Error ? error.message : 'unexpected';
          answer({ code: codeOf(error), details });
        },
      );
    };
    implementation[method] = handle;
  }
  return implementation;
}

const codeOf = (error: unknown): status =>
  error instanceof Refusal ? error.code : status.INTERNAL;

/** The answer after the fault was applied; undefined when there shall be none. */
async function served(
  serve: () => Message,
  fault: CallFault | undefined,
  cut: () => void,
): Promise<Message | undefined> {
  switch (fault?.kind) {
    case undefined:
      return serve();
    case 'fail':
      throw new Refusal(fault.code, 'this failure was planned by a test');
    case 'slow':
      await setTimeout(fault.ms);
      return serve();
    case 'hang':
      return undefined;
    case 'cut':
      if (fault.when === 'after') serve();
      cut();
      return undefined;
  }
}
