import {
  type JsonRefusal,
  type JsonShape,
  type StrictJson,
  strictJsonParser,
} from '@keyserver/service';
import { Ajv, type ErrorObject } from 'ajv';

/** What a field of a body may be, or a whole body, as a JSON schema. */
export type Field = Readonly<Record<string, unknown>>;

/** A body as its schema has it, or what is wrong with it in words that hold nothing the client chose. */
export type StrictBody<Wire> =
  | { readonly kind: 'body'; readonly body: Wire }
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * Reads bodies that are strict JSON of a shape, and then are as a schema says: names in any letter case, no unknown names, `null`
 * as if absent. What is absent gets the default of the schema.
 */
export function strictBody<Wire>(
  shape: JsonShape,
  schema: Field,
): (body: Uint8Array) => StrictBody<Wire> {
  const parse = strictJsonParser(shape);
  const isAsSaid = new Ajv({ useDefaults: true }).compile<Wire>(schema);
  return (bytes) => {
    const json = parse(bytes);
    if (json.kind === 'refused') return { kind: 'refused', problem: whatIsUnreadable(json) };
    const body = withoutNulls(json.value);
    return isAsSaid(body)
      ? { kind: 'body', body }
      : { kind: 'refused', problem: whatIsWrong(isAsSaid.errors?.[0]) };
  };
}

const UNEXPECTED: Partial<Record<JsonRefusal, (place: string) => string>> = {
  unknown_name: (place) => `unknown field in ${place}`,
  too_many_items: (place) => `${place} holds far too many items`,
  misplaced_list: (place) => `${place} must not be a list`,
  misplaced_object: (place) => `${place} must not be an object`,
};

function whatIsUnreadable({ reason, place }: Extract<StrictJson, { kind: 'refused' }>): string {
  const say = UNEXPECTED[reason];
  return say === undefined
    ? `the body is not acceptable JSON (${reason})`
    : say(placeOf(place.join('/')));
}

/** Paths and messages of the schema check name our own fields and bounds only. */
const whatIsWrong = (error: ErrorObject | undefined): string =>
  `${placeOf(error?.instancePath.slice(1) ?? '')} ${error?.message ?? 'is wrong'}`;

const placeOf = (path: string): string => (path === '' ? 'the body' : path);

/** An object without fields that are null, also in the objects of its lists. */
function withoutNulls(value: unknown): unknown {
  const body = withoutNullFields(value);
  if (!isRecord(body)) return body;
  let changed: Record<string, unknown> | undefined;
  for (const [name, field] of Object.entries(body))
    if (Array.isArray(field) && field.some(hasNull))
      (changed ??= { ...body })[name] = field.map(withoutNullFields);
  return changed ?? body;
}

/** Whether this is null, or a field of it is. Hardly any is, so that nothing is copied. */
function hasNull(value: unknown): boolean {
  if (!isRecord(value)) return value === null;
  for (const name in value) if (value[name] === null) return true;
  return false;
}

/** An object without the fields that are null; anything else as it is. */
function withoutNullFields(value: unknown): unknown {
  if (value === null) return {};
  if (!isRecord(value) || !hasNull(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
