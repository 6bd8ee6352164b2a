import type { PartnerPage, WireKey } from './decode-answer.ts';
import { type ReceivedKey, type ReceivingRules, convertKey } from './received-key.ts';
import { type RejectCount, RejectReport } from './reject-report.ts';

/** The keys of a page that can be stored, primaries before revisions, and what is wrong with the others. */
export function receivePage(
  { keys: primaries, revisedKeys }: Pick<PartnerPage, 'keys' | 'revisedKeys'>,
  rules: ReceivingRules,
): { readonly keys: readonly ReceivedKey[]; readonly rejects: readonly RejectCount[] } {
  const report = new RejectReport();
  const keys: ReceivedKey[] = [];
  const take = (wire: WireKey, kind: ReceivedKey['kind']): void => {
    const converted = convertKey(wire, kind, rules);
    if (converted.kind === 'rejected') report.add(converted.reject);
    else {
      keys.push(converted.received);
      for (const left of converted.leftOut) report.add(left);
    }
  };
  for (const wire of primaries) take(wire, 'primary');
  for (const wire of revisedKeys) take(wire, 'revision');
  return { keys, rejects: report.counts };
}
