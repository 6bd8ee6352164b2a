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
  isSignedBy,
} from '@keyserver/stores';
import { checkBeginning } from './audit-surroundings.ts';
import {
  Break,
  type HearWalked,
  type KnownEntry,
  type KnownOfAudit,
  type WholeAudit,
} from './audit-verdict.ts';

/** So many entries are held at once; each has at most 1 MiB. */
const PAGE = 20;

/** How far a chain was walked. */
export class Walk {
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
