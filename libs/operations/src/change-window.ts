import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { planSpanOf } from '@keyserver/padding';
import { type Random, randomId } from '@keyserver/random';
import {
  CHANGE_NOTICE,
  type ConfigurationChange,
  FORMAT_ID,
  type StoreProfile,
  beginAudit,
  exportConfigs,
  partners,
  readStoreFormat,
  storeFormat,
} from '@keyserver/stores';
import {
  MINUTE,
  SECOND,
  type UnixMillis,
  type WindowChange,
  type WindowLength,
  unixMillis,
  windowLengthAt,
} from '@keyserver/time';

/** What happens to the windows of a store. A `decided` change was made before and has not begun yet. */
export type WindowPlan =
  | {
      readonly kind: 'planned' | 'decided';
      readonly before: WindowLength;
      readonly change: WindowChange;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: string };

const refused = (reason: string): WindowPlan => ({ kind: 'refused', reason });

/** What changing the windows of a store to another length would do. */
export const planWindow = async (store: DocumentStore, length: WindowLength): Promise<WindowPlan> =>
  await store.transact(async (tx) => await planIn(tx, store, length));

/**
 * Changes the length of windows from a later instant on, in one audited step. No stored document is touched: a batch holds
 * whatever lies between its start and its end, and at the instant of the change a window of both lengths begins. Services
 * may run. Those that write keys read the windows again before the change begins, and a batch is cut in the same
 * transaction that reads them.
 */
export async function changeWindow(
  store: DocumentStore,
  length: WindowLength,
  by: { readonly actor: string; readonly random: Random },
): Promise<WindowPlan> {
  const auditId = randomId(by.random);
  return await store.transact(async (tx) => {
    const plan = await planIn(tx, store, length);
    const format = await readStoreFormat(tx);
    // Of an earlier attempt whose answer was lost the plan says that it is decided.
    const audit = await beginAudit(tx, auditId);
    if (plan.kind !== 'planned' || format?.windows === undefined) return plan;
    tx.set(storeFormat, FORMAT_ID, { ...format, windows: [...format.windows, plan.change] });
    audit.append({
      ...{ actor: by.actor, operation: 'store.set-window' },
      changes: [auditOf(plan.before, plan.change)],
    });
    return plan;
  });
}

async function planIn(
  tx: Transaction,
  { closingDelay }: DocumentStore,
  length: WindowLength,
): Promise<WindowPlan> {
  const { windows, profile } = (await readStoreFormat(tx)) ?? {};
  if (windows === undefined)
    return refused('the store does not say its windows yet: start the services once');
  const before = windowLengthAt(windows, tx.now);
  const pending = windows.find(({ from }) => from > tx.now);
  if (pending?.length === length) return { kind: 'decided', before, change: pending };
  if (pending !== undefined) return refused(pendingSentence(pending));
  if (length === before) return { kind: 'unchanged' };
  const span = planSpanOf(profile);
  const reason = impossible(length, { closingDelay, profile }) ?? (await brokenPeriod(tx, length));
  if (reason !== undefined) return refused(reason);
  const from = beginning(tx.now, [before, length, span]);
  return { kind: 'planned', before, change: { from, length } };
}

const pendingSentence = ({ from, length }: WindowChange): string =>
  `the windows become ${length / SECOND} s long at ${new Date(from).toISOString()}: wait until then`;

/** Why no store of this kind can have such windows. */
function impossible(
  length: WindowLength,
  {
    closingDelay,
    profile,
  }: { readonly closingDelay: number; readonly profile: StoreProfile | undefined },
): string | undefined {
  const span = planSpanOf(profile);
  // A closing delay means Google Cloud, where the services refuse a TRUNCATE_WINDOW_SECONDS below 60 too.
  if (closingDelay > 0 && length < MINUTE) return 'windows on Google Cloud are at least 60 s long';
  return span % length === 0
    ? undefined
    : `a plan lasts ${span / SECOND} s in the profile ${profile}, and windows divide it`;
}

/**
 * A batch or a unit of half a window would wait for the other half; exports and partners that have ended do not change any more,
 * and fresh partners have no units.
 */
async function brokenPeriod(tx: Transaction, length: WindowLength): Promise<string | undefined> {
  const exports = (await tx.find(exportConfigs, {})).map(({ id, value }) => ({
    ...{ name: `the period of export ${id}`, period: value.period, thru: value.thru },
  }));
  const padded = (await tx.find(partners, {}))
    .filter(({ value }) => value.mode === 'padded')
    .map(({ id, value }) => ({
      ...{ name: `the unit of partner ${id}`, period: value.unit, thru: value.thru },
    }));
  const broken = [...exports, ...padded].find(
    ({ period, thru }) => (thru === undefined || thru > tx.now) && period % length !== 0,
  );
  return (
    broken &&
    `${broken.name}, ${broken.period / SECOND} s, is no multiple of ${length / SECOND} s: change it first with \`npx keyserver config apply\``
  );
}

/**
 * The first midnight at which a window of both lengths begins, late enough for every service to have read of it. The plan of
 * today may still have periods that the new windows do not fit into.
 */
function beginning(now: UnixMillis, lengths: readonly number[]): UnixMillis {
  const all = lengths.reduce(leastCommonMultiple);
  return unixMillis(Math.ceil((now + CHANGE_NOTICE) / all) * all);
}

/** All lengths divide a day, so this is at most one. */
function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

const auditOf = (before: WindowLength, { from, length }: WindowChange): ConfigurationChange => ({
  action: 'change',
  section: 'store',
  id: 'format',
  fields: [
    {
      field: 'window',
      before: `${before / SECOND}s`,
      after: `${length / SECOND}s`,
      note: `from ${new Date(from).toISOString()}`,
    },
  ],
});
