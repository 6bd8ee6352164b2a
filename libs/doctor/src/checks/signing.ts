import {
  type OpenedSigner,
  type SigningKey,
  isInForce,
  isLasting,
  isSameKey,
  openSigner,
  parseVerificationKeys,
  verificationKeysName,
} from '@keyserver/export-file';
import { Fault } from '@keyserver/fault';
import { revisionKeys, standsStill, usedSigningKeys } from '@keyserver/stores';
import { DAY, HOUR, type UnixMillis } from '@keyserver/time';
import {
  type Check,
  type Finding,
  asSentence,
  counted,
  couldNotTell,
  failure,
  notApplicable,
  ok,
  sentenceOf,
  warning,
  worstOf,
} from '../check.ts';
import { unlessLife } from '../unless-life.ts';
import { type Export, type OpenPatient, type Patient, unended } from '../patient.ts';
import { examined } from './configuration.ts';

/** The keys that sign for exports, now or later. */
async function usedKeys(patient: Patient) {
  const { configuration, now } = await examined(patient);
  const exports = unended(configuration.exports, now);
  const keys = unended(configuration.signingKeys, now).filter(({ id }) =>
    exports.some(({ signingKeys }) => signingKeys.includes(id)),
  );
  return { exports, keys, now };
}

async function tried(opened: OpenPatient, key: SigningKey): Promise<OpenedSigner> {
  return await openSigner(
    { ...(await opened.signers()), usedKeys: usedSigningKeys(opened.store) },
    key,
  );
}

const usable: Check = {
  id: 'signing_key_usable',
  about: 'Every signing key can sign, tried with a message that is of no use to anybody.',
  why: 'A key that cannot sign makes no files, or files without its signature.',
  mend: 'See docs/runbooks/export.key_unusable.md.',
  run: async (patient) => {
    const opened = await patient.open();
    const { keys } = await usedKeys(patient);
    if (keys.length === 0) return notApplicable('No export has a signing key.');
    const findings = await Promise.all(
      keys.map(async (key) => {
        const outcome = await tried(opened, key);
        if (outcome.kind === 'usable') return ok(key.id);
        const sentence = asSentence(`Signing key ${key.id}: ${outcome.why.message}`);
        return isLasting(outcome.why) ? failure(sentence) : couldNotTell(sentence);
      }),
    );
    return worstOf(findings, ok(`${counted(keys.length, 'signing key')} can sign.`));
  },
};

const published: Check = {
  id: 'signing_key_published',
  about: 'The public half of each key in force is published beside the index, and is the same one.',
  why: 'Whoever checks files by the published keys would refuse them.',
  mend: 'Let /do-work run once; if it stays, put back the key that has signed, or give the new one a new version.',
  run: async (patient) => {
    const opened = await patient.open();
    const { exports, keys, now } = await usedKeys(patient);
    const inForce = keys.filter((key) => isInForce(key, now));
    const findings = await Promise.all(
      exports.map(async (config) => {
        const own = inForce.filter(({ id }) => config.signingKeys.includes(id));
        return own.length === 0 ? [] : await comparePublished(opened, config, own);
      }),
    );
    const all = findings.flat();
    if (all.length === 0) return notApplicable('No signing key is in force.');
    return worstOf(all, ok('The published keys are those that sign.'));
  },
};

async function comparePublished(
  opened: OpenPatient,
  { id, bucket, filenameRoot }: Export,
  keys: readonly SigningKey[],
): Promise<readonly Finding[]> {
  const name = verificationKeysName(filenameRoot);
  const document = await opened.openBucket(bucket).read(name);
  if (document === undefined) return [failure(`${bucket}/${name} of export ${id} is not there.`)];
  const listed = parseVerificationKeys(document.content);
  if (listed === undefined) return [failure(`${bucket}/${name} is no document of keys.`)];
  return await Promise.all(
    keys.map(async (key) => {
      const found = listed.find(
        ({ keyId, keyVersion }) => keyId === key.keyId && keyVersion === key.keyVersion,
      );
      if (found === undefined) return failure(`${bucket}/${name} lacks signing key ${key.id}.`);
      const outcome = await tried(opened, key);
      if (outcome.kind === 'unusable' && outcome.why.problem !== 'replaced')
        return couldNotTell(`Signing key ${key.id} cannot be asked for its public half.`);
      return outcome.kind === 'usable' && isSameKey(outcome.publicKey, found.publicKey)
        ? ok(key.id)
        : failure(`${bucket}/${name} publishes another key than the one of ${key.id} that signs.`);
    }),
  );
}

/** The longest that one private key should sign: NIST SP 800-57 Part 1 Rev. 5, table 1, originator usage of one to three years. */
const LONGEST_USE = 3 * 365 * DAY;

const isOld = ({ from }: { readonly from: UnixMillis }, now: UnixMillis): boolean =>
  now - from > LONGEST_USE;

const signingAge: Check = {
  id: 'signing_key_rotation',
  about: 'No signing key is in use for more than three years.',
  why: 'The longer a key signs, the more is lost when it was copied unseen.',
  mend: 'Follow docs/runbooks/rotate-a-signing-key.md.',
  run: async (patient) => {
    const { keys, now } = await usedKeys(patient);
    const inForce = keys.filter((key) => isInForce(key, now));
    if (inForce.length === 0) return notApplicable('No signing key is in force.');
    const findings = inForce.map((key) =>
      isOld(key, now)
        ? warning(`Signing key ${key.id} signs for more than three years.`)
        : ok(key.id),
    );
    return worstOf(findings, ok('No signing key is older than three years.'));
  },
};

const authorityAge: Check = {
  id: 'authority_key_rotation',
  about: 'No key of an authority is in use for more than three years.',
  why: 'Whoever has a copy of it can certify anything.',
  mend: 'Agree on a new key with the authority and add it to the configuration.',
  run: async (patient) => {
    const { configuration, now } = await examined(patient);
    const findings = configuration.authorities.flatMap(({ id, keys }) =>
      keys
        .filter((key) => isInForce(key, now))
        .map((key) =>
          isOld(key, now)
            ? warning(`Key ${key.version} of authority ${id} is in use for more than three years.`)
            : ok(key.version),
        ),
    );
    if (findings.length === 0) return notApplicable('No authority has a key in force.');
    return worstOf(findings, ok('No key of an authority is older than three years.'));
  },
};

/** Two turns of the job that rotates them: libs/scheduled-jobs has it every four hours. */
const TWO_TURNS = 8 * HOUR;

/** A data key as it is stored; one that was destroyed holds nothing. */
interface StoredDataKey {
  readonly id: string;
  readonly createdAt: number;
  readonly wrapped?: Uint8Array;
  readonly bound?: Uint8Array;
}

async function dataKeys(opened: OpenPatient): Promise<readonly StoredDataKey[]> {
  const keys: StoredDataKey[] = [];
  for await (const page of opened.store.pages(revisionKeys, {}))
    for (const { id, value } of page) keys.push({ id, ...value });
  return keys
    .filter(({ wrapped }) => wrapped !== undefined)
    .toSorted((a, b) => b.createdAt - a.createdAt);
}

const tokenRotation: Check = {
  id: 'token_key_rotation',
  about: 'The data keys of revision tokens are rotated when it is time.',
  why: 'Without a data key phones get no revision token; an old one protects more tokens than it should.',
  mend: 'Look at the job trust /rotate-keys: does it run, and does it succeed?',
  run: async (patient) => {
    const opened = await patient.open();
    const [newest] = await dataKeys(opened);
    if (newest === undefined)
      return failure('There is no data key: phones that upload get no revision token.');
    const overdue = (await opened.store.now()) - newest.createdAt - patient.settings.newDataKey;
    return overdue > TWO_TURNS
      ? failure(
          `The newest data key should have had a successor ${Math.round(overdue / HOUR)} hours ago.`,
        )
      : ok('The newest data key is as young as it should be.');
  },
};

const tokenUsable: Check = {
  id: 'token_keys_usable',
  about: 'Every data key of revision tokens can be unwrapped.',
  why: 'Tokens under a key that cannot be unwrapped are lost: their phones cannot revise what they reported.',
  mend: 'Put the wrapping key back that they were wrapped with, or grant its use.',
  run: async ({ open }) => {
    const opened = await open();
    const keys = await dataKeys(opened);
    if (keys.length === 0) return notApplicable('There is no data key yet.');
    const wrapper = await opened.wrapper();
    if (wrapper === undefined)
      return couldNotTell('The wrapping key is not known.', 'Set REVISION_TOKEN_KEY.');
    const findings = await Promise.all(
      keys.map(async ({ id, wrapped, bound }) => {
        if (wrapped === undefined || bound === undefined) return ok(id);
        const why = await whyNotUnwrapped(async () => await wrapper.unwrap(wrapped, bound));
        return why === undefined ? ok(id) : failure(`Data key ${id} cannot be unwrapped${why}.`);
      }),
    );
    return worstOf(findings, ok(`${counted(keys.length, 'data key')} can be unwrapped.`));
  },
};

/** Faults of a keeper of keys that may be over in a moment. */
const PASSING = new Set(['unreachable', 'corrupt', 'failed']);

/** Why a data key is not unwrapped, as the end of a sentence; undefined when it is. */
async function whyNotUnwrapped(
  unwrap: () => Promise<Uint8Array | undefined>,
): Promise<string | undefined> {
  try {
    return (await unwrap()) === undefined ? '' : undefined;
  } catch (fault) {
    if (fault instanceof Fault && PASSING.has(String(fault.code))) throw fault;
    return `: ${sentenceOf(fault).replace(/\.$/, '')}`;
  }
}

/** All keys that sign or seal. */
export const signingChecks: readonly Check[] = [
  usable,
  published,
  signingAge,
  authorityAge,
  unlessLife(standsStill, tokenRotation),
  tokenUsable,
];
