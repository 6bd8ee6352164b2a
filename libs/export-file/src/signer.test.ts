import {
  type OpenSignerDeps,
  type SignerProblem,
  type UnusableSigner,
  isLasting,
  isSameKey,
  openSigner,
} from './signer.ts';
import { memorySigner } from './testing/p256-signer.ts';

const KEY = { signingKey: 'keys/exports.pem', keyId: '310', keyVersion: 'v1' };
const signer = memorySigner();
const another = memorySigner();

/** Opens the key where it can sign, and where none has signed under its name, unless the case is about it. */
const opened = async (given: {
  readonly why?: UnusableSigner;
  readonly isThere?: boolean;
  readonly used?: string;
}) => {
  const deps: OpenSignerDeps = {
    trySigner: () => Promise.resolve(given.why),
    findSigner: () => Promise.resolve(given.isThere === false ? undefined : signer),
    usedKeys: {
      find: ({ keyId, keyVersion }) =>
        Promise.resolve(`${keyId} ${keyVersion}` === '310 v1' ? given.used : undefined),
      record: () => Promise.reject(new Error('nothing was signed')),
    },
  };
  return await openSigner(deps, KEY);
};

const usable = { kind: 'usable', signer, publicKey: signer.pem };

describe('a declared key', () => {
  it('is usable while no key has signed under its name', async () => {
    expect(await opened({})).toEqual(usable);
  });

  it('is usable when it has signed under its name before, in whatever lines that was noted', async () => {
    expect(await opened({ used: signer.pem })).toEqual(usable);
    expect(await opened({ used: signer.pem.replaceAll('\n', '\r\n') })).toEqual(usable);
  });

  it('is not usable for the reason that its keeper gives', async () => {
    const why = { problem: 'forbidden', place: 'a vault', message: 'ask the keeper' } as const;
    expect(await opened({ why, isThere: false })).toEqual({ kind: 'unusable', why });
  });

  it('is not usable when it was taken away after it was tried', async () => {
    expect(await opened({ isThere: false })).toEqual({
      kind: 'unusable',
      why: {
        problem: 'not_found',
        place: 'keys/exports.pem',
        message: 'keys/exports.pem has just been taken away',
      },
    });
  });

  it('is not usable when another key has signed under its name, and the operator is told what to do', async () => {
    expect(await opened({ used: another.pem })).toEqual({
      kind: 'unusable',
      why: {
        problem: 'replaced',
        place: 'keys/exports.pem',
        message:
          'keys/exports.pem is not the key that has signed as id 310, version v1: restore that one, or give the new one a new version',
      },
    });
  });
});

it.each<[SignerProblem, boolean]>([
  ['unreachable', false],
  ['corrupt', false],
  ['failed', false],
  ['malformed_name', true],
  ['not_found', true],
  ['forbidden', true],
  ['not_enabled', true],
  ['wrong_kind', true],
  ['exposed', true],
  ['replaced', true],
])('a key that is %s stays so until an operator acts: %s', (problem, isSo) => {
  expect(isLasting({ problem, place: '', message: '' })).toBe(isSo);
});

it('tells public keys apart by what they are and not by how they are written', () => {
  expect(isSameKey(signer.pem, signer.pem.trim())).toBe(true);
  expect(isSameKey(signer.pem, another.pem)).toBe(false);
});
