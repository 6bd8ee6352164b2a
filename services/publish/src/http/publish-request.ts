import type { JsonShape } from '@keyserver/service';
import { KEY_PERIOD, KEY_RULE_CHOICES } from '@keyserver/exposure-keys';
import type { PublishRequest } from '../publish-keys.ts';
import { type Field, strictBody } from './strict-body.ts';

/** An upload as the body tells it. */
export type PhoneRequest = Omit<PublishRequest, 'platform'>;

/** A body as the upload that it asks for, or what is wrong with it in words that hold nothing the phone chose. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: PhoneRequest }
  | { readonly kind: 'refused'; readonly problem: string };

/** A key as both APIs write it. */
interface WireKey {
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
}

/** What the bodies of both APIs hold. */
export interface WireUpload {
  readonly temporaryExposureKeys: readonly WireKey[];
  readonly verificationPayload: string;
  readonly symptomOnsetInterval: number;
  readonly revisionToken: string;
  readonly padding: string;
}

/** How the body of one API is written. */
export interface UploadForm<Wire> {
  /** Every field; a list that is not of keys says how many items it may have. */
  readonly fields: Readonly<Record<string, Field>>;
  readonly requestOf: (wire: Wire) => PhoneRequest;
}

/** A text that may be missing. */
export const text = { type: 'string', default: '' };
const int32 = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1, default: 0 };
const integer = { type: 'integer', default: 0 };

const keyFields = {
  key: text,
  rollingStartNumber: int32,
  rollingPeriod: { ...int32, default: KEY_PERIOD.max }, // a whole day, as the protocol has it
  transmissionRisk: integer,
};

/** The fields that both APIs have. */
export const uploadFields = {
  temporaryExposureKeys: {
    type: 'array',
    items: { type: 'object', additionalProperties: false, properties: keyFields },
    default: [],
  },
  verificationPayload: text,
  symptomOnsetInterval: int32,
  revisionToken: text,
  padding: text,
};

interface V1Upload extends WireUpload {
  readonly healthAuthorityID: string;
  readonly hmacKey: string;
  readonly traveler: boolean;
}

/** The body of `/v1/publish`. */
export const v1Form: UploadForm<V1Upload> = {
  fields: {
    ...uploadFields,
    healthAuthorityID: text,
    hmacKey: text,
    traveler: { type: 'boolean', default: false },
  },
  requestOf: (wire) => ({
    ...sharedParts(wire),
    appId: wire.healthAuthorityID,
    hmacKey: wire.hmacKey,
    traveler: wire.traveler,
  }),
};

/** What both APIs say in the same words. */
export const sharedParts = (
  wire: WireUpload,
): Pick<PhoneRequest, 'certificate' | 'keys' | 'onset' | 'revisionToken'> => ({
  certificate: wire.verificationPayload,
  keys: wire.temporaryExposureKeys,
  onset: wire.symptomOnsetInterval,
  revisionToken: wire.revisionToken,
});

/** The JSON schema of a body. */
export const schemaOf = ({ fields }: Pick<UploadForm<never>, 'fields'>): Field => ({
  type: 'object',
  additionalProperties: false,
  properties: fields,
});

/**
 * A list of more than so many times the keys that an upload may hold is not read to its end, so that no upload costs more
 * than twice a good one. Up to there it is answered like any other upload: by its application and certificate first.
 */
const READ_AT_MOST = 2;

/** Reads bodies of one form. */
export type ParseUpload = (body: Uint8Array) => ParsedRequest;

/** Reads bodies of a form: strict JSON, names in any letter case, no unknown names, `null` as if absent. */
export function uploadParser<Wire>(
  form: UploadForm<Wire>,
  { maxKeys }: { readonly maxKeys: number },
): ParseUpload {
  const read = strictBody<Wire>(bodyShape(form, maxKeys), schemaOf(form));
  return (bytes) => {
    const reading = read(bytes);
    return reading.kind === 'refused'
      ? reading
      : { kind: 'request', request: form.requestOf(reading.body) };
  };
}

/** Reads a body of `/v1/publish` as a server does that is set to take as many keys as any, for tools that explain one. */
export const parseV1Upload: ParseUpload = (body) =>
  uploadParser(v1Form, { maxKeys: KEY_RULE_CHOICES.MAX_KEYS_PER_UPLOAD.max })(body);

/** What a body may hold: it is read up to the first thing that is not among this. */
export function bodyShape(
  { fields }: Pick<UploadForm<never>, 'fields'>,
  maxKeys: number,
): JsonShape {
  const keys = { items: { fields: mapFields(keyFields, () => ({})) }, max: READ_AT_MOST * maxKeys };
  const shapeOf = ({ maxItems }: Field): JsonShape =>
    typeof maxItems === 'number' ? { list: { items: {}, max: maxItems } } : {};
  return { fields: { ...mapFields(fields, shapeOf), temporaryExposureKeys: { list: keys } } };
}

const mapFields = (
  fields: Readonly<Record<string, Field>>,
  shapeOf: (field: Field) => JsonShape,
): Record<string, JsonShape> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, shapeOf(field)]));
