import { type Deadline, within } from '@keyserver/retry';
import { SECOND } from '@keyserver/time';
import { type Check, type Finding, type Status, couldNotTell, sentenceOf } from './check.ts';
import { configurationChecks } from './checks/configuration.ts';
import { fileChecks } from './checks/files.ts';
import { grantChecks } from './checks/grants.ts';
import { machineChecks } from './checks/machine.ts';
import { networkChecks } from './checks/network.ts';
import { phoneChecks } from './checks/phones.ts';
import { signingChecks } from './checks/signing.ts';
import { storeChecks } from './checks/store.ts';
import { workChecks } from './checks/work.ts';
import type { Patient } from './patient.ts';

/** A group of checks, as people read them. */
export interface CheckGroup {
  readonly name: string;
  readonly checks: readonly Check[];
}

/** Everything that is looked at, in the order in which it is told. */
export const CHECK_GROUPS: readonly CheckGroup[] = [
  { name: 'Store', checks: storeChecks },
  { name: 'Machine and clocks', checks: machineChecks },
  { name: 'Settings and configuration', checks: configurationChecks },
  { name: 'Keys', checks: signingChecks },
  { name: 'Files', checks: fileChecks },
  { name: 'Phones', checks: phoneChecks },
  { name: 'Work', checks: workChecks },
  { name: 'Network', checks: networkChecks },
  { name: 'Grants', checks: grantChecks },
];

/** Every check. */
export const ALL_CHECKS: readonly Check[] = CHECK_GROUPS.flatMap(({ checks }) => checks);

/** A check, and what it came to. */
export interface Examined extends Finding {
  readonly check: Check;
}

/** How long one check may take. Calls of Cloud KMS end after 20 s by themselves. */
const PATIENCE = 30 * SECOND;

/** Makes all checks side by side, each with a deadline of its own; the outcomes are in the order of the checks. */
export const examine = async (
  checks: readonly Check[],
  patient: Patient,
): Promise<readonly Examined[]> =>
  await Promise.all(checks.map(async (check) => ({ check, ...(await findingOf(check, patient)) })));

async function findingOf(check: Check, patient: Patient): Promise<Finding> {
  const deadline: Deadline = { ms: PATIENCE, timers: patient.timers };
  try {
    return await within(deadline, async () => await check.run(patient));
  } catch (error) {
    return couldNotTell(sentenceOf(error));
  }
}

/** How grave all outcomes are together. */
export function gravityOf(
  outcomes: readonly { readonly status: Status }[],
): 'well' | 'warned' | 'ill' {
  if (outcomes.some(({ status }) => status === 'failure')) return 'ill';
  return outcomes.some(({ status }) => status === 'warning' || status === 'could_not_tell')
    ? 'warned'
    : 'well';
}
