import type { OfferedKey } from '@keyserver/exposure-keys';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault } from '../command-fault.ts';

/** An upload that was accepted before: its keys, and the token that lets a phone revise them. */
export interface PublishedUpload {
  readonly keys: readonly OfferedKey[];
  readonly revisionToken: string;
}

const MAX_BYTES = 256 * 1024;

/** Reads the file that `publish --json` has printed; a CommandFault when it holds no keys or no revision token. */
export async function readPublished(path: string): Promise<PublishedUpload> {
  const printed = parsed(await readTextFile(path, MAX_BYTES));
  const keys = fieldOf(printed, 'keys');
  const revisionToken = fieldOf(fieldOf(printed, 'body'), 'revisionToken');
  const isUpload = Array.isArray(keys) && keys.length > 0 && keys.every(isKey);
  if (!isUpload || typeof revisionToken !== 'string')
    throw new CommandFault(
      `${path} is not what publish --json prints of an upload that was accepted`,
    );
  return { keys: keys.map(asOffered), revisionToken };
}

/** Undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const isKey = (value: unknown): value is OfferedKey =>
  typeof fieldOf(value, 'key') === 'string' &&
  ['rollingStartNumber', 'rollingPeriod', 'transmissionRisk'].every((name) =>
    Number.isInteger(fieldOf(value, name)),
  );

/** The key as it was sent, without what was printed beside it. */
const asOffered = ({
  key,
  rollingStartNumber,
  rollingPeriod,
  transmissionRisk,
}: OfferedKey): OfferedKey => ({ key, rollingStartNumber, rollingPeriod, transmissionRisk });
