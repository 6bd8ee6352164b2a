import { Fault } from '@keyserver/fault';
/** Why the store could not do its work. */
export type StoreFaultCode =
  | 'unavailable' // away, closed, or broken
  | 'contended' // other writers won too often
  | 'clock' // this machine's clock and store time are too far apart
  | 'refused' // a limit or a precondition: create of an existing document
  | 'full' // the disk is full: nothing is written until there is room
  | 'damaged'; // what is stored cannot be read any more

// The words of `GET /health`, which this package does not know by type.
const PROBLEM = {
  unavailable: 'store_unavailable',
  contended: 'store_unavailable',
  clock: 'clock',
  refused: 'fault',
  full: 'disk_full',
  damaged: 'store_damaged',
} as const satisfies Record<StoreFaultCode, string>;

/** The store could not do what was asked; nothing was written, unless the code is `unavailable` in the middle of a commit. */
export class StoreFault extends Fault<StoreFaultCode> {
  /** What health calls a store that fails so. */
  get problem(): (typeof PROBLEM)[StoreFaultCode] {
    return PROBLEM[this.code];
  }
}
