/** What Google concluded about a request for a token, as far as it is used. Nothing of it is believed yet. */
export interface PlayVerdict {
  readonly requestPackage: string;
  /** Of a classic request. */
  readonly nonce: string | undefined;
  /** Of a standard request. */
  readonly requestHash: string | undefined;
  /** Milliseconds since the Unix epoch, by Google's clock. */
  readonly madeAt: number;
  readonly recognition: string;
  /** Absent, like the next two, when Google did not evaluate the app. */
  readonly appPackage: string | undefined;
  readonly versionCode: number | undefined;
  /** SHA-256 of signing certificates, in hex. */
  readonly certificates: readonly string[];
  readonly deviceLabels: readonly string[];
  readonly isTesting: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the verdict of a decoded token (`tokenPayloadExternal`). Members that are not known mean nothing; one that is used
 * and has another type than documented makes it undefined, and so does a missing time: tokens of Play on PCs have none.
 */
export function readPlayVerdict(value: unknown): PlayVerdict | undefined {
  const [request, app] = [member(value, 'requestDetails'), member(value, 'appIntegrity')];
  if (request === undefined || app === undefined) return undefined;
  const device = member(value, 'deviceIntegrity') ?? {};
  const testing = member(value, 'testingDetails') ?? {};
  const verdict: Unchecked<PlayVerdict> = {
    requestPackage: text(request['requestPackageName']) ?? WRONG,
    nonce: text(request['nonce']),
    requestHash: text(request['requestHash']),
    madeAt: integer(request['timestampMillis']) ?? WRONG,
    recognition: text(app['appRecognitionVerdict']) ?? WRONG,
    appPackage: text(app['packageName']),
    versionCode: integer(app['versionCode']),
    certificates: texts(app['certificateSha256Digest'], digestHex),
    deviceLabels: texts(device['deviceRecognitionVerdict'], (label) => label),
    isTesting: flag(testing['isTestingResponse']),
  };
  return isWhole(verdict) ? verdict : undefined;
}

/** In place of a value of the wrong type. */
const WRONG = Symbol('wrong type');
type Unchecked<V> = { readonly [Name in keyof V]: V[Name] | typeof WRONG };

const isWhole = (verdict: Unchecked<PlayVerdict>): verdict is PlayVerdict =>
  !Object.values<unknown>(verdict).includes(WRONG);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function member(value: unknown, name: string): Json | undefined {
  const found = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : undefined;
}

function text(value: unknown): string | undefined | typeof WRONG {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : WRONG;
}

/** 64-bit numbers are texts in proto-JSON; a number is taken as well. */
function integer(value: unknown): number | undefined | typeof WRONG {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' && (typeof value !== 'string' || !/^\d{1,16}$/.test(value)))
    return WRONG;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : WRONG;
}

function texts<Value>(
  value: unknown,
  read: (text: string) => Value,
): readonly Value[] | typeof WRONG {
  const list: unknown = value ?? [];
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) return WRONG;
  return list.map(read);
}

const flag = (value: unknown): boolean | typeof WRONG =>
  typeof (value ?? false) === 'boolean' ? value === true : WRONG;

/** Digests are URL-safe base64; whether padded is not documented. */
const digestHex = (digest: string): string => Buffer.from(digest, 'base64url').toString('hex');
