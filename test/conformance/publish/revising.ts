import type { ExposureKey, OfferedKey, ReportType } from '@keyserver/exposure-keys';
import { HOUR, intervalNumber } from '@keyserver/time';
import type { Answer, Ground, Service } from './ground.ts';
import { type Sending, outcomeOf, publish } from './phone.ts';

export const CONFIRMED = { reportType: 'confirmed' };
export const LIKELY = { reportType: 'likely' };
/** What answers a revision without a token, with a wrong one, and to a type that may not follow. */
export const MISSING = '400 missing_revision_token';
export const WRONG_TOKEN = '400 invalid_revision_token';
export const REFUSED = '400 invalid_report_type_transition';
/** A token that cannot be opened. */
export const UNREADABLE = 'CgE3';

/** Publishes keys, and lets the window end in which they were stored. */
export async function published(
  ground: Ground,
  keys: readonly OfferedKey[],
  sending: Sending = {},
): Promise<Answer & { readonly service: Service }> {
  const answer = await publish(ground, keys, { reportType: 'likely', ...sending });
  expect(outcomeOf(answer)).toBe('200');
  ground.clock.advance(HOUR);
  return answer;
}

/** The report types that a key has had in the store. */
export const typesOf = async (ground: Ground, { key }: OfferedKey): Promise<readonly string[]> =>
  (await ground.stored(key)).map((one) => one.key.reportType);

/** A key as it is stored with a report type. */
export const storedAs = (key: OfferedKey, reportType: ReportType): ExposureKey => ({
  data: Buffer.from(key.key, 'base64'),
  start: intervalNumber(key.rollingStartNumber),
  ...{ period: key.rollingPeriod, risk: 0, reportType, onsetDays: 0 },
});
