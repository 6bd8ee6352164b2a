import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';

/** The field and the values of a HealthCheckResponse (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). */
const STATUS = 0x08;
const SERVING = 1;
const NOT_SERVING = 2;
/** The field of a HealthCheckRequest that names a service. */
const SERVICE = (1 << 3) | 2;
/** The whole server, and its one service. */
const SERVICES: readonly string[] = ['', 'Federation'];

/** `/grpc.health.v1.Health/Check`. Clients that find no Watch take the server for healthy, as that page tells them. */
export const healthMethod =
  (isHealthy: () => Promise<boolean>) =>
  (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    const service = serviceIn(call.request);
    if (service === undefined || !SERVICES.includes(service)) {
      const code = service === undefined ? status.INVALID_ARGUMENT : status.NOT_FOUND;
      done({ code, details: 'There is no such service.' });
      return;
    }
    isHealthy().then(
      (healthy) => {
        done(null, Buffer.from([STATUS, healthy ? SERVING : NOT_SERVING]));
      },
      () => {
        done(null, Buffer.from([STATUS, NOT_SERVING]));
      },
    );
  };

/** The service that is asked about; undefined for what is no such request. */
function serviceIn(request: Uint8Array): string | undefined {
  try {
    const reader = protobuf.Reader.create(request);
    let service = '';
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === SERVICE) service = reader.string();
      else reader.skipType(tag & 7);
    }
    return service;
  } catch {
    return undefined; // the reader throws for nothing but bytes that are no message
  }
}
