import { Server, ServerCredentials, type ServiceError } from '@grpc/grpc-js';
import {
  type AnswerParts,
  type AskedPage,
  anAnswer,
  readRequest,
} from '@keyserver/federation/testing';

/** What a partner answers: an answer, its bytes, a status, or nothing at all. Tests only. */
export type Serve = (
  authorization: string,
  asked: AskedPage,
) => AnswerParts | Uint8Array | Partial<ServiceError> | 'silence';

const partners: Server[] = [];
const asItIs = (bytes: Buffer): Buffer => bytes;

const FETCH = {
  ...{ path: '/Federation/Fetch', requestStream: false, responseStream: false },
  ...{ requestSerialize: asItIs, requestDeserialize: asItIs },
  ...{ responseSerialize: asItIs, responseDeserialize: asItIs },
};

/** A partner over gRPC on this machine, on a free port unless told which; gives its port. Tests only. */
export async function aGrpcPartner(
  serve: Serve,
  credentials = ServerCredentials.createInsecure(),
  at = 0,
): Promise<number> {
  const server = new Server();
  partners.push(server);
  server.addService(
    { Fetch: FETCH },
    {
      Fetch: (
        call: { readonly metadata: { get: (name: string) => unknown[] }; readonly request: Buffer },
        answer: (error: Partial<ServiceError> | null, bytes?: Buffer) => void,
      ) => {
        const said = serve(String(call.metadata.get('authorization')), readRequest(call.request));
        if (said === 'silence') return;
        if (said instanceof Uint8Array) answer(null, Buffer.from(said));
        else if ('code' in said) answer(said);
        else answer(null, Buffer.from(anAnswer(said as AnswerParts)));
      },
    },
  );
  return await new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${at}`, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** Ends all partners that tests have started. Tests only. */
export function closeGrpcPartners(): void {
  for (const partner of partners.splice(0)) partner.forceShutdown();
}
