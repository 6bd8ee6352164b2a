import { status } from '@grpc/grpc-js';

/** The name of a gRPC status. */
export type StatusName = keyof typeof status;

/** An answer of a Google API that is an error. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: status;

  constructor(code: StatusName, message: string) {
    super(message);
    this.code = status[code];
  }
}
