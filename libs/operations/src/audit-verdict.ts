import type { AuditEntry, AuditHead } from '@keyserver/stores';

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
export class Break extends Error {
  override readonly name = 'Break';
}
