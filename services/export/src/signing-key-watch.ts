import {
  type ExportConfig,
  type ListExports,
  type OpenBucket,
  type SigningKey,
  type UnusableSigner,
  isInForce,
  isLasting,
  openSigner,
  parseVerificationKeys,
  verificationKeysName,
} from '@keyserver/export-file';
import { type Logger, SIGNING_KEY_ADVICE, configuredId } from '@keyserver/log';
import { HealthFault, type HealthProbe } from '@keyserver/service';
import { HOUR, type UnixMillis } from '@keyserver/time';
import type { SignerDeps } from './signers.ts';

/** What it takes to find out which signing keys cannot sign. */
export interface SigningKeyWatchDeps extends SignerDeps {
  readonly listExports: ListExports;
  readonly openBucket: OpenBucket;
  readonly storeTime: () => Promise<UnixMillis>;
  readonly log: Logger;
}

/** A key that cannot sign, why, and when that was last reported. */
interface Failing {
  readonly key: SigningKey;
  readonly why: UnusableSigner;
  readonly reportedAt: UnixMillis;
}

/** Tries the signing keys of all exports before they are needed, since others may sign in their place until they end. */
export interface SigningKeyWatch {
  /** Tries each key that is in force or will be, and reports those that cannot sign: when they begin to, and every hour. */
  readonly check: () => Promise<void>;
  /** What the last check found, as sentences for an operator. */
  readonly problems: () => readonly string[];
  /** Exports of which no key in force can sign until somebody acts, as the last check found it. */
  readonly silent: () => readonly ExportConfig[];
  readonly probe: HealthProbe;
}

/** How long a problem that goes on is not reported again. */
const REPORTED_EVERY = HOUR;

/** A watch over the signing keys of all exports that have not ended. */
export function signingKeyWatch(deps: SigningKeyWatchDeps): SigningKeyWatch {
  let failing: readonly Failing[] = [];
  let silent: readonly ExportConfig[] = [];
  return {
    check: async () => {
      const now = await deps.storeTime();
      const exports = (await deps.listExports()).filter((config) => isUnended(config, now));
      const ids = exports.flatMap(({ signingKeys }) => signingKeys);
      const keys = (await deps.findSigningKeys(ids)).filter((key) => isUnended(key, now));
      await adoptPublished(
        deps,
        exports,
        keys.filter((key) => isInForce(key, now)),
      );
      const before = failing;
      failing = await failingOf(deps, keys, { before, now });
      report(deps.log, { before, failing, now });
      silent = exports.filter(({ signingKeys }) => {
        const own = keys.filter((key) => signingKeys.includes(key.id) && isInForce(key, now));
        const stays = failing.filter(({ why }) => isLasting(why));
        return own.length > 0 && own.every(({ id }) => stays.some(({ key }) => key.id === id));
      });
    },
    problems: () => failing.map(({ why }) => why.message),
    silent: () => silent,
    probe: async () => {
      await Promise.resolve();
      const [first] = failing;
      if (first !== undefined) throw new HealthFault('signing_key_unusable', first.why.message);
    },
  };
}

const isUnended = ({ thru }: { readonly thru: UnixMillis | undefined }, now: UnixMillis): boolean =>
  thru === undefined || now < thru;

async function failingOf(
  deps: SigningKeyWatchDeps,
  keys: readonly SigningKey[],
  { before, now }: { readonly before: readonly Failing[]; readonly now: UnixMillis },
): Promise<readonly Failing[]> {
  const failing: Failing[] = [];
  for (const key of keys) {
    const opened = await openSigner(deps, key);
    if (opened.kind === 'usable') continue;
    const known = before.find((each) => each.key.id === key.id && isSameProblem(each, opened.why));
    const due = known === undefined || now - known.reportedAt >= REPORTED_EVERY;
    failing.push({ key, why: opened.why, reportedAt: due ? now : known.reportedAt });
  }
  return failing;
}

const isSameProblem = ({ why }: Failing, other: UnusableSigner): boolean =>
  why.problem === other.problem && why.place === other.place;

function report(
  log: Logger,
  options: {
    readonly before: readonly Failing[];
    readonly failing: readonly Failing[];
    readonly now: UnixMillis;
  },
): void {
  for (const { key, why, reportedAt } of options.failing)
    if (reportedAt === options.now)
      log.event('export.key_unusable', {
        key: configuredId(key),
        place: configuredId({ id: why.place }),
        problem: why.problem,
        advice: SIGNING_KEY_ADVICE[why.problem],
      });
  for (const { key } of options.before)
    if (!options.failing.some((each) => each.key.id === key.id))
      log.event('export.key_usable', { key: configuredId(key) });
}

/**
 * Takes over what was published for keys of which no use is on record: they have signed before uses were recorded, or the
 * record was lost. Otherwise a key that was exchanged before the next use would pass for the first one.
 */
async function adoptPublished(
  { openBucket, usedKeys }: SigningKeyWatchDeps,
  exports: readonly ExportConfig[],
  inForce: readonly SigningKey[],
): Promise<void> {
  const unrecorded: SigningKey[] = [];
  for (const key of inForce) if ((await usedKeys.find(key)) === undefined) unrecorded.push(key);
  for (const { bucket, filenameRoot, signingKeys } of exports) {
    const own = unrecorded.filter(({ id }) => signingKeys.includes(id));
    if (own.length === 0) continue;
    const document = await openBucket(bucket).read(verificationKeysName(filenameRoot));
    const published = document === undefined ? [] : parseVerificationKeys(document.content);
    for (const key of own) {
      const { keyId, keyVersion } = key;
      const found = published?.find(
        (each) => each.keyId === keyId && each.keyVersion === keyVersion,
      );
      if (found !== undefined) await usedKeys.record(key, found.publicKey);
    }
  }
}
