import { parseStrictJson } from '@keyserver/service';
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
  rollingPeriod: int32,
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

/** Reads a v1 publish body: strict JSON, names in any letter case, no unknown names, `null` as if absent. */
export function parsePublishRequest(body: Uint8Array): ParsedRequest {
  const json = parseStrictJson(body);
  if (json.kind === 'refused') return refused(`the body is not acceptable JSON (${json.reason})`);
  const wire = canonicalRequest(json.value);
  if (!isWireRequest(wire)) return refused(whatIsWrong(isWireRequest.errors?.[0]));
  const { healthAuthorityID, verificationPayload, temporaryExposureKeys, ...rest } = wire;
  return {
    kind: 'request',
    request: {
      appId: healthAuthorityID,
      certificate: verificationPayload,
      hmacKey: rest.hmacKey,
      keys: temporaryExposureKeys,
      onset: rest.symptomOnsetInterval,
      traveler: rest.traveler,
      revisionToken: rest.revisionToken,
    },
  };
}

const refused = (problem: string): ParsedRequest => ({ kind: 'refused', problem });

/** Paths and messages of the schema check name our own fields and bounds only: an unknown name is never part of them. */
function whatIsWrong(error: ErrorObject | undefined): string {
  const path = error?.instancePath.slice(1) ?? '';
  const place = path === '' ? 'the body' : path;
  if (error?.keyword === 'additionalProperties') return `unknown field in ${place}`;
  return `${place} ${error?.message ?? 'is wrong'}`;
}

const lowerCased = (fields: object): ReadonlyMap<string, string> =>
  new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));

const REQUEST_NAMES = lowerCased(requestFields);
const KEY_NAMES = lowerCased(keyFields);

function canonicalRequest(value: unknown): unknown {
  const request = canonical(value, REQUEST_NAMES);
  if (!isRecord(request) || !Array.isArray(request['temporaryExposureKeys'])) return request;
  const keys = request['temporaryExposureKeys'].map((key: unknown) => canonical(key, KEY_NAMES));
  return { ...request, temporaryExposureKeys: keys };
}

/** An object with its fields under our spelling and without those that are null; anything else as it is. */
function canonical(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (value === null) return {};
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, field]) => ({ known: names.get(name.toLowerCase()), name, field }))
      .filter(({ known, field }) => known === undefined || field !== null)
      .map(({ known, name, field }) => [known ?? name, field]),
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
