import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { OpenSignerDeps } from '@keyserver/export-file';
import { type Random, randomId } from '@keyserver/random';
import {
  type ConfigurationChange,
  auditEntries,
  readStoreFormat,
  usedSigningKeys,
} from '@keyserver/stores';
import type { UnixMillis } from '@keyserver/time';
import { adviseOnChange } from './advise.ts';
import { adviseOnUnusableKeys } from './advise-keys.ts';
import type { Configuration, Problem } from './configuration.ts';
import { periodsAcrossWindows, tooShortPeriods, unfitKeyIds } from './change-rules.ts';
import { type Plan, fingerprintOf, stepsBetween } from './plan.ts';
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
 * What applying a configuration to a store would change, and what speaks against it. A person is shown this before anything
 * is applied; the first configuration, which the launcher makes, needs no plan. Signing keys are tried out where a platform
 * is given.
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
      ...periodsAcrossWindows(stored, wanted, { windows: format?.windows, now: tx.now }),
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
  // Checked again after the plan: the windows may have been changed since, and that change saw only the stored periods.
  const format = await readStoreFormat(tx);
  const problems = [
    ...impossible,
    ...periodsAcrossWindows(stored, wanted, { windows: format?.windows, now: tx.now }),
  ];
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
