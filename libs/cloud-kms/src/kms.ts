import type { FindSigner, TrySigner } from '@keyserver/export-file';
import type { Random } from '@keyserver/random';
import type { FindKeyWrapper } from '@keyserver/revision-token';
import type { Timers } from '@keyserver/time';
import { type NamedKeys, checkKeys, checkSigning } from './check-keys.ts';
import { wrapperUnder } from './key-wrapper.ts';
import { type KeyGrant, grantsOf } from './key-grants.ts';
import type { KmsFault } from './kms-fault.ts';
import { Connection } from './connection.ts';
import { askWithin } from './questions.ts';
import { readPublicKeys, findSigners } from './signer.ts';

/** The keys of Cloud KMS, which never leave it. */
export interface CloudKms {
  /** By the full name of a key version. */
  readonly findSigner: FindSigner;
  /** Tries a key version out, by its full name. */
  readonly trySigner: TrySigner;
  /** By the full name of a key. */
  readonly wrapperFor: FindKeyWrapper;
  /** Uses each key once, and gives what is wrong with those that cannot be used; empty when all is well. */
  readonly check: (keys: NamedKeys) => Promise<readonly KmsFault[]>;
  /** Who has been granted which role on a key itself, by its full name; what it inherits is not among it. */
  readonly grantsOf: (key: string) => Promise<readonly KeyGrant[]>;
  readonly close: () => Promise<void>;
}

/** How Cloud KMS is reached, and how patiently. */
export interface KmsSettings {
  /** Host and port of a stand-in on this machine, reached in plain text and without credentials; Cloud KMS when undefined. */
  readonly endpoint?: string | undefined;
  /** Longest time that one use of a key may take, all attempts together; 20 s when undefined. */
  readonly deadlineMs?: number | undefined;
  readonly timers: Timers;
  readonly random: Random;
}

const DEADLINE_MS = 20_000;

/** Opens Cloud KMS. No key is touched, so that a service starts while Cloud KMS is away; credentials must be there. */
export async function openKms(settings: KmsSettings): Promise<CloudKms> {
  const { deadlineMs = DEADLINE_MS, timers, random } = settings;
  const connection = new Connection(settings.endpoint, timers);
  const questions = askWithin({ deadlineMs, timers, random });
  const ask = connection.watching(questions.ask);
  await ask(async () => await connection.client.initialize()).catch((error: unknown) => {
    throw new Error('the credentials for Cloud KMS cannot be obtained', { cause: error });
  });
  const kms = {
    get client() {
      return connection.client;
    },
    ask,
  };
  const keys = { kms, readPublicKey: readPublicKeys(kms), refusing: new Set<string>() };
  return {
    findSigner: findSigners(keys),
    trySigner: async (version) => {
      const fault = await checkSigning(keys, version);
      return fault && { problem: fault.code, place: version, message: fault.message };
    },
    wrapperFor: (key) => wrapperUnder(kms, key),
    check: async (named) => await checkKeys(keys, named),
    grantsOf: async (key) => await grantsOf(kms, key),
    close: async () => {
      await questions.end();
      await connection.close();
    },
  };
}
