import { createHash } from 'node:crypto';
import {
  type DocumentOf,
  type Transaction,
  collection,
  int,
  text,
  type Json,
} from '@keyserver/docstore';
import { type ConfigurationChange, type LegacyOperation, configurationChangesOf } from './audit.ts';

/** What an operator may do that is written down. */
export type AuditOperation =
  | LegacyOperation
  | 'audit.begin'
  | 'audit.restart'
  | 'audit.checkpoint'
  | 'audit.trim'
  | 'authority.allow-key'
  | 'authority.refresh-keys'
  | 'authority.revoke-key'
  | 'data.export'
  | 'jobs.run'
  | 'jobs.pause'
  | 'jobs.resume'
  | 'keys.delete'
  | 'keys.revoke'
  | 'lifecycle.abort'
  | 'lifecycle.close'
  | 'lifecycle.empty'
  | 'lifecycle.end'
  | 'lifecycle.restate'
  | 'lifecycle.wake'
  | 'pause.begin'
  | 'pause.end';

const entryFields = {
  sequence: int(),
  previous: text(),
  step: text(),
  at: int(),
  actor: text(),
  operation: text<AuditOperation>(),
  before: text(),
  after: text(),
  // Text and not json, so that the hash is of what is stored, to the byte.
  changes: text(),
};

/** One link of the chain, as it is stored. */
export type AuditEntry = DocumentOf<typeof entryFields>;

/**
 * What operators did, one document per step, each with the hash of the one before it. Id: the sequence number in 16 digits,
 * so that ids sort as the entries follow one another. Never a secret. Written by `beginAudit` alone.
 */
export const auditChain = collection({
  name: 'auditChain',
  fields: entryFields,
  indexes: [['step']],
});

const headFields = { sequence: int(), hash: text(), rootSequence: int(), rootHash: text() };

/** Where the chain ends, and the entry behind which it begins. */
export type AuditHead = DocumentOf<typeof headFields>;

/** The head of the chain, one document; it changes in the transaction of each step. */
export const auditHeads = collection({ name: 'auditHeads', fields: headFields });

/** The id of the one head. */
export const HEAD_ID = 'head';

/** The hash before the first entry of a chain that follows nothing: 64 zeros. */
export const NO_HASH = '0'.repeat(64);

const DIGITS = 16;

/** The id of the entry, or checkpoint, of a sequence number. */
export const auditIdOf = (sequence: number): string => String(sequence).padStart(DIGITS, '0');

const FORMAT = 'keyserver audit 1';

/**
 * The hash of an entry: SHA-256, as 64 hex digits, of a JSON list of the format's name and all fields in the order of their
 * declaration, in UTF-8 without white space. The list has numbers and texts only, so there is one way to write it.
 */
export const auditHashOf = (entry: AuditEntry): string =>
  sha256(
    JSON.stringify([
      ...[FORMAT, entry.sequence, entry.previous, entry.step, entry.at, entry.actor],
      ...[entry.operation, entry.before, entry.after, entry.changes],
    ]),
  );

/** SHA-256 of a text in UTF-8, as 64 hex digits. */
export const sha256 = (content: string): string =>
  createHash('sha256').update(content).digest('hex');

/** The changes of an entry as they are stored and hashed: JSON whose members are always in the same order. */
export const changesText = (changes: readonly ConfigurationChange[]): string =>
  JSON.stringify(
    changes.map(({ action, section, id, fields }) => ({
      ...{ action, section, id },
      fields: fields.map(({ field, before, after, note }) => ({ field, before, after, note })),
    })),
  );

/** The changes of a stored entry; throws when it has none that can be read. */
export function auditChangesOf({
  changes,
}: Pick<AuditEntry, 'changes'>): readonly ConfigurationChange[] {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- JSON.parse gives nothing else
  return configurationChangesOf(JSON.parse(changes) as Json);
}

/** Most bytes of the changes of one entry: a document of Firestore has at most 1 MiB. */
export const MAX_CHANGES_BYTES = 900_000;

/** How many bytes changes take in an entry. */
export const changesBytes = (changes: readonly ConfigurationChange[]): number =>
  Buffer.byteLength(changesText(changes));

/** What was before and what is after a step, as two digests: SHA-256, 64 hex digits. */
export interface AuditDigests {
  readonly before: string;
  readonly after: string;
}

/** The digests of what the changes themselves name, for steps that change nothing else. */
export function digestsOf(changes: readonly ConfigurationChange[]): AuditDigests {
  const side = (of: 'before' | 'after'): string =>
    sha256(
      JSON.stringify(
        changes.map(({ section, id, fields }) => [
          ...[section, id],
          fields.map((change) => [change.field, change[of] ?? null]),
        ]),
      ),
    );
  return { before: side('before'), after: side('after') };
}

/** The head of the chain; undefined where there is none. */
export async function readAuditHead(
  from: Pick<Transaction, 'get'>,
): Promise<AuditHead | undefined> {
  const [head] = await from.get(auditHeads, [HEAD_ID]);
  return head;
}
