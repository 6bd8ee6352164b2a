import {
  type JsonRefusal,
  type JsonShape,
  type StrictJson,
  strictJsonParser,
} from '@keyserver/service';
import { KEY_PERIOD } from '@keyserver/exposure-keys';
import { Ajv, type ErrorObject } from 'ajv';
import type { PublishRequest } from '../publish-keys.ts';

/** An upload as the body tells it. */
export type PhoneRequest = Omit<PublishRequest, 'platform'>;

/** A body as the upload that it asks for, or what is wrong with it in words that hold nothing the phone chose. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: PhoneRequest }
  | { readonly kind: 'refused'; readonly problem: string };

interface WireKey {
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
}

interface WireRequest {
  readonly temporaryExposureKeys: readonly WireKey[];
  readonly healthAuthorityID: string;
  readonly verificationPayload: string;
  readonly hmacKey: string;
  readonly symptomOnsetInterval: number;
  readonly traveler: boolean;
  readonly revisionToken: string;
  readonly padding: string;
}

const text = { type: 'string', default: '' };
const int32 = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1, default: 0 };
const integer = { type: 'integer', default: 0 };

const keyFields = {
  key: text,
  rollingStartNumber: int32,
  rollingPeriod: { ...int32, default: KEY_PERIOD.max }, // a whole day, as the protocol has it
  transmissionRisk: integer,
};
const keySchema = { type: 'object', additionalProperties: false, properties: keyFields };

const requestFields = {
  temporaryExposureKeys: { type: 'array', items: keySchema, default: [] },
  healthAuthorityID: text,
  verificationPayload: text,
  hmacKey: text,
  symptomOnsetInterval: int32,
  traveler: { type: 'boolean', default: false },
  revisionToken: text,
  padding: text,
};
const requestSchema = { type: 'object', additionalProperties: false, properties: requestFields };

const isWireRequest = new Ajv({ useDefaults: true }).compile<WireRequest>(requestSchema);

/**
 * A list of more than so many times the keys that an upload may hold is not read to its end, so that no upload costs more
 * than twice a good one. Up to there it is answered like any other upload: by its application and certificate first.
 */
const READ_AT_MOST = 2;

/** Reads v1 publish bodies: strict JSON, names in any letter case, no unknown names, `null` as if absent. */
export function publishRequestParser({
  maxKeys,
}: {
  readonly maxKeys: number;
}): (body: Uint8Array) => ParsedRequest {
  const parse = strictJsonParser(bodyShape(maxKeys));
  return (body) => {
    const json = parse(body);
    if (json.kind === 'refused') return refused(whatIsUnreadable(json));
    const wire = withoutNulls(json.value);
    return isWireRequest(wire)
      ? { kind: 'request', request: phoneRequest(wire) }
      : refused(whatIsWrong(isWireRequest.errors?.[0]));
  };
}

/** What a body may hold: it is read up to the first thing that is not among this. */
export function bodyShape(maxKeys: number): JsonShape {
  const plain = (fields: object): Record<string, JsonShape> =>
    Object.fromEntries(Object.keys(fields).map((name) => [name, {}]));
  const list = { items: { fields: plain(keyFields) }, max: READ_AT_MOST * maxKeys };
  return { fields: { ...plain(requestFields), temporaryExposureKeys: { list } } };
}

const phoneRequest = (wire: WireRequest): PhoneRequest => ({
  appId: wire.healthAuthorityID,
  certificate: wire.verificationPayload,
  hmacKey: wire.hmacKey,
  keys: wire.temporaryExposureKeys,
  onset: wire.symptomOnsetInterval,
  traveler: wire.traveler,
  revisionToken: wire.revisionToken,
});

const refused = (problem: string): ParsedRequest => ({ kind: 'refused', problem });

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

function withoutNulls(value: unknown): unknown {
  const request = withoutNullFields(value);
  if (!isRecord(request)) return request;
  const keys = request['temporaryExposureKeys'];
  return Array.isArray(keys) && keys.some(hasNull)
    ? { ...request, temporaryExposureKeys: keys.map(withoutNullFields) }
    : request;
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
