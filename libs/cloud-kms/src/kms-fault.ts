import { Fault } from '@keyserver/fault';
import { DeadlineFault } from '@keyserver/retry';
import { grpc } from 'google-gax';

/** Why a key cannot be used. */
export type KeyProblem =
  | 'malformed_name'
  | 'not_found'
  | 'forbidden'
  | 'not_enabled'
  | 'wrong_kind'
  | 'corrupt'
  | 'unreachable'
  | 'failed';

/** A key of Cloud KMS that cannot be used; the message names it and says what to do. */
export class KmsFault extends Fault<KeyProblem> {
  /** The full name of the key or key version. */
  readonly key: string;

  constructor(key: string, code: KeyProblem, advice: string, cause?: unknown) {
    super(code, `${key} ${advice}`, cause === undefined ? {} : { cause });
    this.key = key;
  }
}

const KEY =
  /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/;
const VERSION = /^(.*)\/cryptoKeyVersions\/[1-9][0-9]{0,9}$/;
const KEY_NAME = 'projects/P/locations/L/keyRings/R/cryptoKeys/K';

/** Makes sure that this is the full name of a key, without a version; throws KmsFault otherwise. */
export function requireKeyName(name: string): void {
  if (KEY.test(name)) return;
  const advice = `is not the full name of a key: ${KEY_NAME}, without a version`;
  throw new KmsFault(name, 'malformed_name', advice);
}

/** Makes sure that this is the full name of a key version; throws KmsFault otherwise. */
export function requireVersionName(name: string): void {
  if (KEY.test(VERSION.exec(name)?.[1] ?? '')) return;
  const advice = `is not the full name of a key version: ${KEY_NAME}/cryptoKeyVersions/N`;
  throw new KmsFault(name, 'malformed_name', advice);
}

const STATUS = grpc.status;

const PROBLEMS: Readonly<Record<number, readonly [KeyProblem, string]>> = {
  [STATUS.DEADLINE_EXCEEDED]: [
    'unreachable',
    'could not be used: Cloud KMS did not answer in time',
  ],
  [STATUS.UNAVAILABLE]: ['unreachable', 'could not be used: Cloud KMS cannot be reached'],
  [STATUS.NOT_FOUND]: ['not_found', 'does not exist: correct its name, or create it'],
  [STATUS.PERMISSION_DENIED]: [
    'forbidden',
    'may not be used by this account, or does not exist: grant the account roles/cloudkms.signerVerifier on a key that signs, ' +
      'roles/cloudkms.cryptoKeyEncrypterDecrypter on one that wraps, or correct the name',
  ],
  [STATUS.UNAUTHENTICATED]: [
    'forbidden',
    'could not be used: Cloud KMS does not accept the credentials of this account',
  ],
  [STATUS.FAILED_PRECONDITION]: [
    'not_enabled',
    'cannot be used as it is: it must be enabled, and be of the right purpose',
  ],
};

/** The gRPC status that an error carries or stands for. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof DeadlineFault) return STATUS.DEADLINE_EXCEEDED;
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Whether Cloud KMS may be reached in a moment. */
export const isTransient = (error: unknown): boolean =>
  [STATUS.DEADLINE_EXCEEDED, STATUS.UNAVAILABLE].some((code) => code === statusOf(error));

/** Whether nobody answered in time. */
export const isOverdue = (error: unknown): boolean => statusOf(error) === STATUS.DEADLINE_EXCEEDED;

/** Whether Cloud KMS refused what it was sent, of itself or because it was changed on its way. */
export const isRefusal = (error: unknown): boolean => statusOf(error) === STATUS.INVALID_ARGUMENT;

/** An answer that is not what Cloud KMS gave, or not to what it was asked; never used. */
export class KmsAnswerFault extends Fault<'changed'> {
  constructor(message: string, options?: ErrorOptions) {
    super('changed', message, options);
  }
}

/** The fault that an error of a call means for a key. */
export function faultOf(key: string, error: unknown): KmsFault {
  if (error instanceof KmsFault) return error;
  if (error instanceof KmsAnswerFault)
    return new KmsFault(key, 'corrupt', `was not used: ${error.message}`, error);
  const known = PROBLEMS[statusOf(error) ?? -1];
  const [problem, advice] = known ?? ['failed', 'could not be used: Cloud KMS refused the call'];
  return new KmsFault(key, problem, advice, error);
}
