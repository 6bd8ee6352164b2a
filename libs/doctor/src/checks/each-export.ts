import { type Finding, notApplicable, ok, worstOf } from '../check.ts';
import { type Export, type Patient, unended } from '../patient.ts';
import { examined } from './configuration.ts';

/** What each export that has not ended comes to; not applicable while there is none. */
export async function ofEachExport(
  patient: Patient,
  fine: string,
  look: (config: Export) => Promise<Finding>,
): Promise<Finding> {
  const { configuration, now } = await examined(patient);
  const exports = unended(configuration.exports, now).filter(({ from }) => from <= now);
  if (exports.length === 0) return notApplicable('No export is in force.');
  return worstOf(await Promise.all(exports.map(look)), ok(fine));
}
