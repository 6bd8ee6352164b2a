import type { UnixMillis } from '@keyserver/time';
import { type Finding, notApplicable, ok, worstOf } from '../check.ts';
import { type Export, type OpenPatient, type Patient, unended } from '../patient.ts';
import { examined } from './configuration.ts';

/** Looks at one export of an open server, at store time. */
type LookAtExport = (config: Export, opened: OpenPatient, now: UnixMillis) => Promise<Finding>;

/** What each export that has not ended comes to; not applicable while there is none. */
export async function ofEachExport(
  patient: Patient,
  fine: string,
  look: LookAtExport,
): Promise<Finding> {
  const opened = await patient.open();
  const { configuration, now } = await examined(patient);
  const exports = unended(configuration.exports, now).filter(({ from }) => from <= now);
  if (exports.length === 0) return notApplicable('No export is in force.');
  const findings = exports.map(async (config) => await look(config, opened, now));
  return worstOf(await Promise.all(findings), ok(fine));
}

/** The same, where what was found is told of every export, though nothing be wrong with it. */
export async function toldOfEachExport(patient: Patient, look: LookAtExport): Promise<Finding> {
  const told: string[] = [];
  const finding = await ofEachExport(patient, '', async (...of) => {
    const one = await look(...of);
    told.push(one.found);
    return one;
  });
  return finding.status === 'ok' ? ok(told.join(' ')) : finding;
}
