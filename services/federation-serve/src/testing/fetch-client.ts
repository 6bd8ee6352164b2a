import { Client, Metadata, type ServiceError, credentials } from '@grpc/grpc-js';
import {
  type ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
} from '@keyserver/federation/testing';

/** How a call ended, for a client that knows nothing of the server but the protocol. Tests only. */
export type CallOutcome =
  | { readonly answer: FederationFetchResponse }
  | { readonly code: number; readonly details: string; readonly pushback: string | undefined };

/** A client of the protocol, by its own library. Tests only. */
export interface FetchClient {
  /** With no token there is no header. */
  readonly call: (
    request: FederationFetchRequest.$Properties | Uint8Array,
    options?: { readonly token?: string | undefined; readonly deadline?: number },
  ) => Promise<CallOutcome>;
  readonly close: () => void;
}

/** Opens a client at host:port. Tests only. */
export function fetchClient(address: string, channel = credentials.createInsecure()): FetchClient {
  const client = new Client(address, channel);
  return {
    call: async (request, { token, deadline } = {}) => {
      const metadata = new Metadata();
      if (token !== undefined) metadata.set('authorization', token);
      const bytes =
        request instanceof Uint8Array ? request : FederationFetchRequest.encode(request).finish();
      return await new Promise((resolve) => {
        client.makeUnaryRequest(
          '/Federation/Fetch',
          (sent: Uint8Array) => Buffer.from(sent),
          (got: Buffer) => FederationFetchResponse.decode(got),
          bytes,
          metadata,
          deadline === undefined ? {} : { deadline },
          (error, answer) => {
            resolve(answer === undefined ? failure(error) : { answer });
          },
        );
      });
    },
    close: () => {
      client.close();
    },
  };
}

const failure = (error: ServiceError | null): CallOutcome => ({
  code: error?.code ?? 0,
  details: error?.details ?? '',
  pushback: error?.metadata.get('grpc-retry-pushback-ms').map(String)[0],
});

/** The numbers of keys as `aKey` of the stores makes them. Tests only. */
export const numbersOf = (keys: readonly ExposureKey.$Properties[]): readonly number[] =>
  keys.map(({ exposureKey }) => Buffer.from(exposureKey ?? []).readUInt32BE());
