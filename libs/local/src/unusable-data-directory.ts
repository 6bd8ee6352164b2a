import { Fault } from '@keyserver/fault';
/** A data directory that cannot be used; the message is a sentence for the operator. */
export class DataDirectoryFault extends Fault<'unusable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unusable', message, options);
  }
}
