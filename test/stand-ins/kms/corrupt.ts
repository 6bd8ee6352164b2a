import type { Message } from '../grpc/serve-grpc.ts';
import { crc32cOf } from './crc32c.ts';
import type { Corruption } from './faults.ts';

/** The message with one field changed. Throws when it has no such field: the plan of the test is wrong then. */
export function corrupted(message: Message, { field, consistent }: Corruption): Message {
  const value = message[field];
  if (value === undefined) throw new Error(`there is no field ${field} to corrupt`);
  const changed = changedValue(value);
  if (consistent !== true) return { ...message, [field]: changed };
  const crc = crc32cOf(Buffer.from(changed as Uint8Array));
  return { ...message, [field]: changed, [`${field}Crc32c`]: { value: crc } };
}

function changedValue(value: unknown): unknown {
  if (typeof value === 'string') return changedText(value);
  if (typeof value === 'boolean') return !value;
  if (ArrayBuffer.isView(value)) return changedBytes(value as Uint8Array);
  const { value: number, sha256 } = value as { value?: number; sha256?: Uint8Array };
  return number === undefined ? { sha256: changedBytes(sha256!) } : { value: number ^ 1 };
}

function changedBytes(bytes: Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes);
  changed[changed.length - 1]! ^= 1;
  return changed;
}

/** Another letter in the middle: in a PEM that is within the key. */
function changedText(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}
