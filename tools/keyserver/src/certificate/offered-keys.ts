import type { OfferedKey } from '@keyserver/exposure-keys';

/** The keys of a publish request, or of its list alone, in JSON; undefined when it is neither or has none. */
export function parseOfferedKeys(text: string): readonly OfferedKey[] | undefined {
  const document = parseJson(text);
  const listed = Array.isArray(document) ? document : memberOf(document, 'temporaryExposureKeys');
  if (!Array.isArray(listed) || listed.length === 0) return undefined;
  const keys = listed.map(offeredKey);
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function offeredKey(stated: unknown): OfferedKey | undefined {
  const key = memberOf(stated, 'key');
  const rollingStartNumber = memberOf(stated, 'rollingStartNumber');
  const rollingPeriod = memberOf(stated, 'rollingPeriod');
  const transmissionRisk = memberOf(stated, 'transmissionRisk') ?? 0;
  if (typeof key !== 'string' || !isInteger(rollingStartNumber)) return undefined;
  if (!isInteger(rollingPeriod) || !isInteger(transmissionRisk)) return undefined;
  return { key, rollingStartNumber, rollingPeriod, transmissionRisk };
}

const isInteger = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value);

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
