import { type DocumentStore, type Found, StoreFault } from '@keyserver/docstore';
import {
  type AuditCheckpoint,
  type AuditEntry,
  type AuditHead,
  NO_HASH,
  auditChain,
  auditChangesOf,
  auditCheckpoints,
  auditHashOf,
  auditIdOf,
  earlierEntries,
  earlierNamedBy,
  isSignedBy,
  readAuditHead,
  storeParts,
  AUDIT_MARK,
} from '@keyserver/stores';

/** An entry that somebody outside has kept: the chain must have it. */
export interface KnownEntry {
  readonly sequence: number;
  readonly hash: string;
}

/** What is known from outside the store. */
export interface KnownOfAudit {
  /** Entries of an exported head or checkpoint. */
  readonly entries?: readonly KnownEntry[];
  /** The public keys (PEM) of which each checkpoint must be signed by one. Without any a checkpoint names its own. */
  readonly publicKeys?: readonly string[];
}

/** Hears, page by page, how far a chain was walked, and which entry is the last so far. */
export type HearWalked = (sequence: number, last: number) => void;

/** A chain that is whole. */
export interface WholeAudit {
  readonly kind: 'whole';
  readonly head: AuditHead;
  readonly checkpoints: number;
  /** Where the chain begins: with its first entry, behind a checkpoint, or anew after it was broken. */
  readonly begins: 'first' | 'checkpoint' | 'anew';
  /** The first entry that is there. */
  readonly first: AuditEntry;
  /** What the newest applied configuration left behind; undefined when that entry is trimmed, or there is none. */
  readonly configuration: { readonly sequence: number; readonly digest: string } | undefined;
  /** Known entries that were trimmed, so that nothing can be said of them. */
  readonly trimmedKnown: readonly KnownEntry[];
}

/** What became of the audit. `none`: nothing was ever written down since the audit is a chain. */
export type AuditVerdict =
  | WholeAudit
  | { readonly kind: 'none'; readonly earlier: number }
  | { readonly kind: 'broken'; readonly sentence: string };

/** The chain is broken; the message says where. Caught by `verifyAudit`. */
class Break extends Error {
  override readonly name = 'Break';
}

/** So many entries are held at once; each has at most 1 MiB. */
const PAGE = 20;

/** Walks the whole chain, page by page, and says whether it is whole, or in one sentence where it is not. */
export async function verifyAudit(
  store: DocumentStore,
  known: KnownOfAudit = {},
  walked: HearWalked = () => undefined,
): Promise<AuditVerdict> {
  try {
    const head = await readAuditHead(store);
    return head === undefined
      ? await withoutHead(store, known)
      : await walk(store, head, { known, walked });
  } catch (error) {
    if (error instanceof Break) return { kind: 'broken', sentence: error.message };
    throw error;
  }
}

async function withoutHead(
  store: DocumentStore,
  { entries = [] }: KnownOfAudit,
): Promise<AuditVerdict> {
  for await (const page of store.pages(auditChain, { limit: 1 }))
    if (page.length > 0) throw new Break('there are entries, and the head of the chain is gone');
  const [mark] = await store.get(storeParts, [AUDIT_MARK]);
  if (mark !== undefined) throw new Break('the store has had a chain, and it is gone');
  if (entries.length > 0) throw new Break('entries are known, and the store has no chain');
  const { count } = await earlierOf(store);
  return { kind: 'none', earlier: count };
}

const earlierOf = async (store: DocumentStore) =>
  await store.transact(async (tx) => await earlierEntries(tx));

async function walk(
  store: DocumentStore,
  begun: AuditHead,
  as: { readonly known: KnownOfAudit; readonly walked: HearWalked },
): Promise<WholeAudit> {
  const chain = new Walk(begun, as.known);
  await chain.checkRoot(store);
  let head = begun;
  // Somebody may add entries meanwhile: then the walk goes on to the new end.
  for (;;) {
    await chain.go(store, head, as.walked);
    const now = await readAuditHead(store);
    if (now === undefined) throw new Break('the head of the chain has just gone');
    if (now.rootSequence !== begun.rootSequence) return await walk(store, now, as); // it was trimmed, or begun anew, meanwhile
    if (now.sequence === chain.sequence) {
      chain.checkEnd(now);
      await checkNothingBehind(store, now.sequence);
      return await chain.verdict(store, now);
    }
    if (now.sequence <= head.sequence)
      throw new Break(`the head names entry ${now.sequence} as the last, and there are more`);
    head = now;
  }
}

/** How far a chain was walked. */
class Walk {
  sequence: number;
  #hash: string;
  #first: AuditEntry | undefined;
  #configuration: WholeAudit['configuration'];
  #checkpoints = 0;
  readonly #root: AuditHead;
  readonly #known: KnownOfAudit;

  constructor(head: AuditHead, known: KnownOfAudit) {
    this.sequence = head.rootSequence;
    this.#hash = head.rootHash;
    this.#root = head;
    this.#known = known;
  }

  /** The checkpoint behind which the chain was trimmed, and nothing that stands before the first entry ever. */
  async checkRoot(store: DocumentStore): Promise<void> {
    const { rootSequence, rootHash } = this.#root;
    if (rootHash === NO_HASH) return;
    const [checkpoint] = await store.get(auditCheckpoints, [auditIdOf(rootSequence)]);
    if (checkpoint === undefined)
      throw new Break(`the checkpoint of entry ${rootSequence}, where the chain begins, is gone`);
    this.#checkCheckpoint(checkpoint, { sequence: rootSequence, hash: rootHash });
  }

  /** Walks on to the entry that a head names as the last, at least. */
  async go(store: DocumentStore, head: AuditHead, walked: HearWalked): Promise<void> {
    try {
      // A chain that was never trimmed begins with the first document of all.
      const from = this.sequence === 0 ? {} : { after: { id: auditIdOf(this.sequence) } };
      for await (const page of store.pages(auditChain, from, PAGE)) {
        const ids = page.flatMap(({ id, value }) => [id, ...checkpointNamedBy(value)]);
        const checkpoints = await store.get(auditCheckpoints, ids);
        const byId = new Map(ids.map((id, n) => [id, checkpoints[n]]));
        for (const found of page) this.#step(found, byId);
        walked(this.sequence, head.sequence);
      }
    } catch (error) {
      if (error instanceof Break || error instanceof StoreFault) throw error;
      throw new Break(`entry ${this.sequence + 1}, or one soon after it, cannot be read`, {
        cause: error,
      });
    }
    if (this.sequence < head.sequence)
      throw new Break(`entry ${this.sequence + 1} is gone, and all after it`);
  }

  #step(
    { id, value }: Found<AuditEntry>,
    checkpoints: ReadonlyMap<string, AuditCheckpoint | undefined>,
  ): void {
    const next = this.sequence + 1;
    if (id !== auditIdOf(next)) throw new Break(`entry ${next} is gone`);
    if (value.sequence !== next) throw new Break(`entry ${next} calls itself ${value.sequence}`);
    if (value.previous !== this.#hash)
      throw new Break(
        next === this.#root.rootSequence + 1
          ? `entry ${next}, the first one, does not follow what the chain begins behind`
          : `entry ${next} does not follow entry ${this.sequence}: one of them was changed`,
      );
    this.#note(value);
    const hash = auditHashOf(value);
    this.#checkKnown({ sequence: next, hash });
    const checkpoint = checkpoints.get(id);
    if (checkpoint !== undefined) this.#checkCheckpoint(checkpoint, { sequence: next, hash });
    for (const named of checkpointNamedBy(value))
      if (named > auditIdOf(this.#root.rootSequence) && checkpoints.get(named) === undefined)
        throw new Break(`the checkpoint that entry ${next} tells of is gone`);
    this.sequence = next;
    this.#hash = hash;
  }

  #note(entry: AuditEntry): void {
    const { sequence, operation, after } = entry;
    auditChangesOf(entry); // what nobody can read is no record
    this.#first ??= entry;
    if (operation === 'configuration.apply') this.#configuration = { sequence, digest: after };
  }

  #checkKnown({ sequence, hash }: KnownEntry): void {
    const other = (this.#known.entries ?? []).find((one) => one.sequence === sequence);
    if (other !== undefined && other.hash !== hash)
      throw new Break(`entry ${sequence} is not the one that is known: the chain was written anew`);
  }

  #checkCheckpoint(checkpoint: AuditCheckpoint, { sequence, hash }: KnownEntry): void {
    const { publicKeys = [checkpoint.publicKey] } = this.#known;
    if (checkpoint.sequence !== sequence || checkpoint.hash !== hash)
      throw new Break(`the checkpoint of entry ${sequence} is of another entry`);
    if (!publicKeys.some((key) => isSignedBy(checkpoint, key)))
      throw new Break(`the checkpoint of entry ${sequence} is not signed by a key that is known`);
    this.#checkpoints += 1;
  }

  checkEnd(head: AuditHead): void {
    if (head.hash !== this.#hash)
      throw new Break(`entry ${head.sequence}, the last one, is not the one that was written`);
    const beyond = (this.#known.entries ?? []).find((one) => one.sequence > head.sequence);
    if (beyond !== undefined)
      throw new Break(
        `the chain ends with entry ${head.sequence}, and entry ${beyond.sequence} is known: the end was cut off`,
      );
  }

  async verdict(store: DocumentStore, head: AuditHead): Promise<WholeAudit> {
    const { rootSequence, rootHash } = this.#root;
    const first = this.#first;
    if (first === undefined) throw new Break('the chain has a head and no entry');
    const isAnew = first.operation === 'audit.restart';
    const begins = rootHash !== NO_HASH ? 'checkpoint' : isAnew ? 'anew' : 'first';
    if (begins !== 'checkpoint') await checkBeginning(store, first, this.#root);
    const before = (this.#known.entries ?? []).filter(({ sequence }) => sequence <= rootSequence);
    const other = before.find(({ sequence, hash }) =>
      begins === 'anew' ? true : sequence === rootSequence && hash !== rootHash,
    );
    if (other !== undefined)
      throw new Break(
        begins === 'anew'
          ? `entry ${other.sequence} is known, and the chain was begun anew after it, with entry ${first.sequence}`
          : `entry ${other.sequence} is not the one that is known: the chain was written anew`,
      );
    return {
      ...{ kind: 'whole', head, begins, first },
      ...{ checkpoints: this.#checkpoints, configuration: this.#configuration },
      trimmedKnown: before.filter(({ sequence }) => sequence < rootSequence),
    };
  }
}

/** The id of the checkpoint that an entry tells of, if it tells of one. The text is not parsed: it may be anything yet. */
function checkpointNamedBy({ operation, changes }: AuditEntry): readonly string[] {
  const named = /"section":"checkpoints","id":"(\d{1,16})"/.exec(changes)?.[1];
  return operation === 'audit.checkpoint' && named !== undefined ? [auditIdOf(Number(named))] : [];
}

/** The first entry names what was there before the chain, and that is still so. */
async function checkBeginning(
  store: DocumentStore,
  first: AuditEntry,
  { rootSequence }: AuditHead,
): Promise<void> {
  const named = earlierNamedBy(auditChangesOf(first));
  const isFirst = first.operation === 'audit.begin' && rootSequence === 0;
  if (named === undefined || !(isFirst || first.operation === 'audit.restart'))
    throw new Break(`entry ${first.sequence}, the first one, does not say what was before it`);
  const { count, digest } = await earlierOf(store);
  if (count !== named.count || digest !== named.digest)
    throw new Break(
      `of the entries from before the chain there were ${named.count}, and there are ${count} or they were changed; an earlier version of this program may have written one`,
    );
}

/** Whoever cuts off the end may forget a checkpoint that lies behind it. */
async function checkNothingBehind(store: DocumentStore, end: number): Promise<void> {
  const query = { after: { id: auditIdOf(end) }, limit: 1 };
  for await (const page of store.pages(auditCheckpoints, query))
    for (const { value } of page) {
      const now = await readAuditHead(store); // it may have been made meanwhile
      if (now === undefined || now.sequence < value.sequence)
        throw new Break(
          `there is a checkpoint of entry ${value.sequence}, and the chain ends with entry ${end}: the end was cut off`,
        );
    }
}
