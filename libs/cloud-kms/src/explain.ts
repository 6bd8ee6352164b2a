import { type Kms, callOptions } from './connection.ts';
import { KmsFault } from './kms-fault.ts';

/** The one algorithm of signatures that phones verify. */
export const SIGNING_ALGORITHM = 'EC_SIGN_P256_SHA256';

/** Problems that Cloud KMS leaves unclear, so that the key itself is worth a look. */
const isUnclear = ({ code }: KmsFault): boolean => code === 'not_enabled' || code === 'failed';

/** A fault of a key version that signs, in as much detail as this account may see. */
export async function explainVersion(kms: Kms, fault: KmsFault): Promise<KmsFault> {
  if (!isUnclear(fault)) return fault;
  const { key: name } = fault;
  const version = await seen(
    kms.ask(async (ms) => await kms.client.getCryptoKeyVersion({ name }, callOptions(ms))),
  );
  if (version === undefined) return fault;
  const { state, algorithm } = version;
  if (algorithm !== SIGNING_ALGORITHM) return wrongAlgorithm(name, algorithm);
  return state === 'ENABLED' ? fault : notEnabled(name, state);
}

/** A fault of a key that wraps, in as much detail as this account may see. */
export async function explainWrappingKey(kms: Kms, fault: KmsFault): Promise<KmsFault> {
  if (!isUnclear(fault)) return fault;
  const { key: name } = fault;
  const key = await seen(
    kms.ask(async (ms) => await kms.client.getCryptoKey({ name }, callOptions(ms))),
  );
  if (key === undefined) return fault;
  const { purpose, primary } = key;
  if (purpose !== 'ENCRYPT_DECRYPT') {
    const advice = `is of purpose ${String(purpose)}: name a key of purpose ENCRYPT_DECRYPT`;
    return new KmsFault(name, 'wrong_kind', advice, fault);
  }
  const state = primary?.state ?? 'without a primary version';
  return state === 'ENABLED' ? fault : notEnabled(primary?.name ?? name, state);
}

/** The fault of a key version that makes signatures which phones cannot verify. */
export const wrongAlgorithm = (version: string, algorithm: unknown): KmsFault =>
  new KmsFault(
    version,
    'wrong_kind',
    `is of algorithm ${String(algorithm)}: files are signed with ${SIGNING_ALGORITHM} only, make a key of that`,
  );

const notEnabled = (name: string, state: unknown): KmsFault =>
  new KmsFault(name, 'not_enabled', `is ${String(state)}: enable it, or name another`);

/** What may be seen; an account that can use a key need not be allowed to look at it. */
async function seen<T>(answer: Promise<readonly [T, ...unknown[]]>): Promise<T | undefined> {
  try {
    return (await answer)[0];
  } catch {
    return undefined;
  }
}
