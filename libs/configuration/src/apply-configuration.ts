import type { DocumentStore, Transaction } from '@keyserver/docstore';
import type { OpenSignerDeps } from '@keyserver/export-file';
import { type PlanSpan, asItTakesEffect, planSpanOf } from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import {
  type ConfigurationChange,
  type StoreFormat,
  auditChangesOf,
  beginAudit,
  changesFrom,
  partnerVersionChange,
  readStoreFormat,
  usedSigningKeys,
  versionChange,
} from '@keyserver/stores';
import { type UnixMillis, windowsFrom } from '@keyserver/time';
import { adviseOnChange } from './advise.ts';
import { adviseOnUnusableKeys } from './advise-keys.ts';
import type { Configuration, Problem, WholeConfiguration } from './configuration.ts';
import {
  costsOf,
  floorsAboveFiles,
  leastPeriodOf,
  periodsAcrossDays,
  periodsAcrossWindows,
  periodsThatDoNotDivide,
  plainKeyAddresses,
  tooShortPeriods,
  unfitKeyIds,
} from './change-rules.ts';
import { movedTimes } from './moved-times.ts';
import {
  type Plan,
  configurationDigest,
  fingerprintOf,
  lackingLists,
  stepsBetween,
} from './plan.ts';
import { readStored } from './stored-configuration.ts';
import { type UnitRules, wholeOf } from './usual-units.ts';

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
    { before, after: wholeOf(wanted), now },
  );
  return { ...plan, advice: [...plan.advice, ...unusable] };
}

interface Basis {
  readonly plan: Plan;
  readonly stored: WholeConfiguration;
  readonly now: UnixMillis;
}

const planIn = async (store: DocumentStore, wanted: Configuration): Promise<Basis> =>
  await store.transact(async (tx) => {
    const { stored, whole, after, effect, format } = await compared(tx, wanted);
    const { midnight, span } = effect;
    const { steps, problems: impossible } = stepsBetween(stored, after, midnight);
    const problems = [
      ...lackingLists(stored, wanted),
      ...impossible,
      ...unfitKeyIds(stored, after),
      ...plainKeyAddresses(after, format?.profile),
      ...tooShortPeriods(stored, after, format?.profile),
      ...periodsAcrossDays(stored, after, span),
      ...rulesOfExports(stored, after, { format, now: tx.now }),
    ];
    const changes = steps.map(({ change }) => change);
    const concerned = changes.some(({ section }) => DECIDE_COSTS.includes(section));
    const plan: Plan =
      problems.length > 0
        ? { kind: 'refused', problems }
        : {
            ...{ kind: 'planned', changes, midnight },
            advice: adviseOnChange(stored, after, { now: tx.now, midnight }),
            moved: movedTimes(whole, after),
            costs: concerned ? costsOf(after, tx.now) : [],
            basis: fingerprintOf(stored, midnight),
          };
    return { plan, stored, now: tx.now };
  });

const DECIDE_COSTS: readonly string[] = ['exports', 'apps', 'partners'];

/** The stored configuration and the wanted one, as it can take effect. */
async function compared(tx: Transaction, wanted: Configuration) {
  const stored = await readStored(tx);
  const format = await readStoreFormat(tx);
  const span = planSpanOf(format?.profile);
  const whole = wholeOf(wanted, unitRules(format, { span, now: tx.now }));
  const effect = { span, midnight: await changesFrom(tx, span), now: tx.now };
  const exports = whole.exports.map((config) =>
    asItTakesEffect(
      config,
      stored.exports.find(({ id }) => id === config.id),
      effect,
    ),
  );
  const partners = whole.partners.map((partner) =>
    asItTakesEffect(
      partner,
      stored.partners.find(({ id }) => id === partner.id),
      effect,
    ),
  );
  return { stored, format, effect, whole, after: { ...whole, exports, partners } };
}

const unitRules = (
  format: StoreFormat | undefined,
  { span, now }: { readonly span: PlanSpan; readonly now: UnixMillis },
): UnitRules => ({
  span,
  windows:
    format?.windows === undefined
      ? []
      : windowsFrom(format.windows, now).map(({ length }) => length),
  least: leastPeriodOf(format?.profile),
});

/** Rules that the present, too, may have made untrue since a plan was shown: the windows may have been changed. */
const rulesOfExports = (
  stored: WholeConfiguration,
  after: WholeConfiguration,
  { format, now }: { readonly format: StoreFormat | undefined; readonly now: UnixMillis },
): readonly Problem[] => [
  ...periodsAcrossWindows(stored, after, { windows: format?.windows, now }),
  ...periodsThatDoNotDivide(stored, after, now),
  ...floorsAboveFiles(stored, after, now),
];

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
  const audit = await beginAudit(tx, auditId);
  if (audit.earlier !== undefined)
    return { kind: 'applied', changes: auditChangesOf(audit.earlier) };
  const { stored, after, effect, format } = await compared(tx, wanted);
  const { midnight } = effect;
  if (options.basis !== undefined && options.basis !== fingerprintOf(stored, midnight))
    return { kind: 'stale' };
  const { steps, problems: impossible } = stepsBetween(stored, after, midnight);
  const problems = [
    ...lackingLists(stored, wanted),
    ...impossible,
    ...plainKeyAddresses(after, format?.profile),
    ...rulesOfExports(stored, after, { format, now: tx.now }),
  ];
  if (problems.length > 0) return { kind: 'refused', problems };
  if (steps.length === 0) return { kind: 'unchanged' };
  const changes = steps.map(({ change }) => change);
  const keepVersions = await versionsOf(tx, { changes, after, midnight });
  for (const { make } of steps) make(tx);
  keepVersions();
  audit.append({
    ...{ actor: options.actor, operation: 'configuration.apply', changes },
    digests: { before: configurationDigest(stored), after: configurationDigest(after) },
  });
  return { kind: 'applied', changes };
}

/** Keeps changed exports and partners as they will be from the midnight on; gives what writes that. */
async function versionsOf(
  tx: Transaction,
  {
    changes,
    after,
    midnight,
  }: {
    readonly changes: readonly ConfigurationChange[];
    readonly after: WholeConfiguration;
    readonly midnight: UnixMillis | undefined;
  },
): Promise<() => void> {
  const writes: (() => void)[] = [];
  for (const { id } of changes.filter(({ section }) => section === 'exports')) {
    const write = await versionChange(tx, { id, from: midnight });
    const config = after.exports.find((one) => one.id === id);
    if (config !== undefined)
      writes.push(() => {
        write(config);
      });
  }
  for (const { id } of changes.filter(({ section }) => section === 'partners')) {
    const write = await partnerVersionChange(tx, { id, from: midnight });
    const partner = after.partners.find((one) => one.id === id);
    writes.push(() => {
      write(partner);
    });
  }
  return () => {
    for (const write of writes) write();
  };
}

/**
 * The digest of the stored configuration. It is what the last audited step left behind, as its entry says, unless somebody
 * has written past the audit.
 */
export const storedDigest = async (store: DocumentStore): Promise<string> =>
  await store.transact(async (tx) => configurationDigest(await readStored(tx)));
