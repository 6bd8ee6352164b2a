import {
  type DocumentStore,
  type Json,
  type Transaction,
  collection,
  int,
  json,
  text,
} from '@keyserver/docstore';
import { type Random, randomId } from '@keyserver/random';
import { array, member, record, textOf } from './stored-json.ts';

/** One field of a changed configuration document, as an operator reads it; undefined when it was or is not there. */
export interface FieldChange {
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** What the operator should know of this change, such as when it takes effect. */
  readonly note: string | undefined;
}

const ACTIONS = ['add', 'change', 'end', 'remove'] as const;

/** What was done to one configuration document. */
export interface ConfigurationChange {
  /** add, change, remove, or end: it will stop at a time that it did not have before. */
  readonly action: (typeof ACTIONS)[number];
  /** The part of the configuration, such as `exports`. */
  readonly section: string;
  readonly id: string;
  readonly fields: readonly FieldChange[];
}

/** What operators did, one document per step: when in store time, who, and what changed. Never a secret. */
export const auditEntries = collection({
  name: 'auditEntries',
  fields: {
    at: int(),
    actor: text(),
    operation: text<
      | 'configuration.apply'
      | 'federation.reset'
      | 'keys.delete'
      | 'keys.revoke'
      | 'pause.begin'
      | 'pause.end'
      | 'store.adopt'
      | 'store.rebuild'
      | 'store.set-window'
      | 'time.accept'
      | 'time.reset'
    >(),
    changes: json((stored): readonly ConfigurationChange[] => array(stored).map(changeOf)),
  },
});

function changeOf(stored: Json): ConfigurationChange {
  const change = record(stored);
  const action = ACTIONS.find((known) => known === member(change, 'action'));
  if (action === undefined) throw new Error('stored audit entry with an unknown action');
  return {
    action,
    section: textOf(member(change, 'section')),
    id: textOf(member(change, 'id')),
    fields: array(member(change, 'fields')).map(fieldChangeOf),
  };
}

function fieldChangeOf(stored: Json): FieldChange {
  const change = record(stored);
  return {
    field: textOf(member(change, 'field')),
    before: optionalText(member(change, 'before')),
    after: optionalText(member(change, 'after')),
    note: optionalText(member(change, 'note')),
  };
}

const optionalText = (stored: Json | undefined): string | undefined =>
  stored === undefined ? undefined : textOf(stored);

/** Writes down who makes what anew; to be done before it is, so that nothing is mended without a trace. */
export async function auditRebuild(
  store: DocumentStore,
  options: {
    readonly actor: string;
    readonly random: Random;
    readonly changes: readonly ConfigurationChange[];
  },
): Promise<void> {
  const { actor, changes } = options;
  const id = randomId(options.random);
  await store.transact(async (tx) => {
    const [present] = await tx.get(auditEntries, [id]);
    if (present === undefined)
      tx.create(auditEntries, id, { at: tx.now, actor, operation: 'store.rebuild', changes });
  });
}

/** What an operator did, for the transaction that does it. */
interface AuditedStep {
  /** Drawn outside the transaction, which may run twice. */
  readonly id: string;
  readonly actor: string;
  readonly operation: 'keys.delete' | 'keys.revoke' | 'pause.begin' | 'pause.end';
  readonly changes: readonly ConfigurationChange[];
}

/** Writes a step down in the transaction that does it, after everything is read. */
export const auditStep = (tx: Transaction, { id, ...step }: AuditedStep): void => {
  tx.create(auditEntries, id, { at: tx.now, ...step });
};

/** Writes down which stored keys an operator takes back or deletes; to be done before it is. Names and counts, never a key. */
export async function auditKeys(
  store: DocumentStore,
  entry: {
    readonly id: string;
    readonly actor: string;
    readonly operation: 'keys.delete' | 'keys.revoke';
    readonly about: Readonly<Record<string, string | undefined>>;
  },
): Promise<void> {
  const { id, actor, operation, about } = entry;
  const fields = Object.entries(about).flatMap(([field, after]) =>
    after === undefined ? [] : [{ field, before: undefined, after, note: undefined }],
  );
  const action = operation === 'keys.delete' ? 'remove' : 'change';
  await store.transact(async (tx) => {
    const [present] = await tx.get(auditEntries, [id]);
    if (present !== undefined) return;
    const changes = [{ action, section: 'keys', id: 'range', fields }] as const;
    auditStep(tx, { id, actor, operation, changes });
  });
}
