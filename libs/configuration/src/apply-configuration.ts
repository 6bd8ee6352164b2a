import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { OpenSignerDeps } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import {
  type ConfigurationChange,
  type StoreFormat,
  auditEntries,
  readStoreFormat,
  usedSigningKeys,
} from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import { adviseOnChange } from './advise.ts';
import { adviseOnUnusableKeys } from './advise-unusable-keys.ts';
import type { Configuration, Problem } from './configuration.ts';
import { unfitKeyIds } from './new-key-ids.ts';
import { periodsAcrossWindows } from './periods-of-windows.ts';
import { type Plan, fingerprintOf, stepsBetween } from './plan.ts';
import { tooShortPeriods } from './shortest-period.ts';
import { readStored } from './stored-configuration.ts';

/** Who applies a configuration, and what was shown to them before. */
export interface ApplyOptions {
  /** Who is answerable, for the audit log. */
  readonly actor: string;
  readonly random: Random;
  /** The basis of the plan that was agreed to; nothing is applied when the store has changed since. */
  readonly basis?: string;
}

/** What applying a configuration did. */
export type ApplyOutcome =
  | { readonly kind: 'applied'; readonly changes: readonly ConfigurationChange[] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Where signing keys sign, for whoever can try them out. */
export type SigningPlatform = Pick<OpenSignerDeps, 'findSigner' | 'trySigner'>;

/**
 * What applying a configuration to a store would change, and what speaks against it. Whoever lets people change a
 * configuration begins here; the server's own first configuration goes without. Signing keys are tried out where a
 * platform is given.
 */
export async function planChanges(
  store: DocumentStore,
  wanted: Configuration,
  signing?: SigningPlatform,
): Promise<Plan> {
  const { plan, stored: before, now } = await planIn(store, wanted);
  if (plan.kind === 'refused' || signing === undefined) return plan;
  // Outside the transaction, which must not wait for Cloud KMS.
  const usedKeys = usedSigningKeys(store);
  const unusable = await adviseOnUnusableKeys(
    { ...signing, usedKeys },
    { before, after: wanted, now },
  );
  return { ...plan, advice: [...plan.advice, ...unusable] };
}

interface Basis {
  readonly plan: Plan;
  readonly stored: Configuration;
  readonly now: UnixMillis;
}

const planIn = async (store: DocumentStore, wanted: Configuration): Promise<Basis> =>
  await store.transact(async (tx) => {
    const stored = await readStored(tx);
    const { steps, problems: impossible } = stepsBetween(stored, wanted);
    const format = await readStoreFormat(tx);
    const problems = [
      ...impossible,
      ...unfitKeyIds(stored, wanted),
      ...tooShortPeriods(stored, wanted, format?.profile),
      ...brokenPeriods({ stored, wanted, format, now: tx.now }),
    ];
    const plan: Plan =
      problems.length > 0
        ? { kind: 'refused', problems }
        : {
            kind: 'planned',
            changes: steps.map(({ change }) => change),
            advice: adviseOnChange(stored, wanted, tx.now),
            basis: fingerprintOf(stored),
          };
    return { plan, stored, now: tx.now };
  });

/** Makes the store's configuration the wanted one in one audited step; applying it again does nothing. */
export async function applyConfiguration(
  store: DocumentStore,
  wanted: Configuration,
  options: ApplyOptions,
): Promise<ApplyOutcome> {
  const auditId = randomId(options.random);
  return await store.transact(async (tx) => await applyIn(tx, { wanted, auditId, options }));
}

async function applyIn(
  tx: Transaction,
  step: { wanted: Configuration; auditId: string; options: ApplyOptions },
): Promise<ApplyOutcome> {
  const { wanted, auditId, options } = step;
  // An entry with this id was made by an earlier attempt whose answer was lost.
  const [made] = await tx.get(auditEntries, [auditId]);
  if (made !== undefined) return { kind: 'applied', changes: made.changes };
  const stored = await readStored(tx);
  if (options.basis !== undefined && options.basis !== fingerprintOf(stored))
    return { kind: 'stale' };
  const { steps, problems: impossible } = stepsBetween(stored, wanted);
  // Also of a plan that was agreed to: the windows may have been changed since, and that looks at the periods which it finds.
  const format = await readStoreFormat(tx);
  const problems = [...impossible, ...brokenPeriods({ stored, wanted, format, now: tx.now })];
  if (problems.length > 0) return { kind: 'refused', problems };
  if (steps.length === 0) return { kind: 'unchanged' };
  const changes = steps.map(({ change }) => change);
  for (const { make } of steps) make(tx);
  tx.create(auditEntries, auditId, {
    at: tx.now,
    actor: options.actor,
    operation: 'configuration.apply',
    changes,
  });
  return { kind: 'applied', changes };
}

/** A store says its windows once a service has been started on it. */
const brokenPeriods = (of: {
  readonly stored: Configuration;
  readonly wanted: Configuration;
  readonly format: StoreFormat | undefined;
  readonly now: UnixMillis;
}): readonly Problem[] =>
  of.format?.windows === undefined
    ? []
    : periodsAcrossWindows(of.stored, of.wanted, { windows: of.format.windows, now: of.now });
