import type { ServiceDefinition } from '@grpc/proto-loader';
import { Refusal } from '../grpc/refusal.ts';

const MAX_REQUEST_BYTES = 11_534_336;

/** Remembers which requests came in more bytes than Firestore takes, to refuse them as it does. */
export class RequestSizes {
  private readonly oversized = new WeakSet();

  /** The same service, with an eye on the size of its requests. */
  watch(service: ServiceDefinition): ServiceDefinition {
    const methods = Object.entries(service).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): object => {
        const request = method.requestDeserialize(bytes);
        if (bytes.length > MAX_REQUEST_BYTES) this.oversized.add(request);
        return request;
      };
      return [name, { ...method, requestDeserialize }] as const;
    });
    return Object.fromEntries(methods);
  }

  check(request: object): void {
    if (this.oversized.has(request))
      throw new Refusal(
        'INVALID_ARGUMENT',
        `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`,
      );
  }
}
