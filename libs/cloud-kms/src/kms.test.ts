import { machine } from '../../../test/support/machine.ts';
import { type Random, systemRandom } from '@keyserver/random';
import { createVerify } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:net';
import { startDeafProxy } from '@keyserver/stand-ins/deaf-proxy';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { type CloudKms, type KmsSettings, openKms } from './index.ts';

const RING = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys';
const version = `${RING}/exports/cryptoKeyVersions/1`;
const WRAPPING = `${RING}/revision-tokens`;
const DATA_KEY = Buffer.alloc(32, 7);
const AAD = Buffer.from('data key 1');
/** Short, for calls that are never answered. */
const SOON = 100;
/** Enough for calls that are answered at last. */
const AMPLE = 1_600;
/** Chance that always makes the shortest pause between two attempts, and the longest. */
const briefly: Random = { ...systemRandom, below: () => 0 };
const atLength: Random = { ...systemRandom, below: (bound) => bound - 1 };

let standIn: KmsStandIn;
const opened: CloudKms[] = [];

async function open(settings: Partial<KmsSettings> = {}): Promise<CloudKms> {
  const kms = await openKms({
    ...{ ...machine, random: briefly },
    endpoint: standIn.address,
    ...settings,
  });
  opened.push(kms);
  return kms;
}

beforeAll(async () => {
  standIn = await startWithKeys();
});

afterEach(async () => {
  standIn.faults.clear();
  for (const kms of opened.splice(0)) await kms.close();
});

afterAll(async () => {
  await standIn.close();
});

async function startWithKeys(port?: number): Promise<KmsStandIn> {
  const started = await startKmsStandIn(port === undefined ? {} : { port });
  started.createSigningKey(`${RING}/exports`);
  started.createWrappingKey(WRAPPING);
  return started;
}

const METHODS = ['GetPublicKey', 'AsymmetricSign', 'Encrypt', 'Decrypt'];

/** Uses every method once; whether all has come out right. */
async function useAll(kms: CloudKms): Promise<boolean> {
  const signer = (await kms.findSigner(version))!;
  const signature = signer.begin();
  signature.update(Buffer.from('one'));
  const verify = createVerify('sha256').update('one');
  const signed = verify.verify(await signer.publicKey(), await signature.finish());
  const wrapper = kms.wrapperFor(WRAPPING);
  const back = await wrapper.unwrap(await wrapper.wrap(DATA_KEY, AAD), AAD);
  return signed && back !== undefined && DATA_KEY.equals(back);
}

describe('Cloud KMS in trouble', () => {
  it.each(METHODS)(
    'is asked again when %s is unavailable or too late for a moment',
    async (method) => {
      standIn.faults.fail({ method, code: 'UNAVAILABLE' });
      standIn.faults.fail({ method, code: 'DEADLINE_EXCEEDED' });
      expect(await useAll(await open())).toBe(true);
      expect(standIn.faults.calls(method)).toBe(3);
    },
  );

  it.each(METHODS)('is asked %s no more than four times', async (method) => {
    standIn.faults.fail({ method, code: 'UNAVAILABLE', times: 99 });
    await expect(useAll(await open())).rejects.toMatchObject({ code: 'unreachable' });
    expect(standIn.faults.calls(method)).toBe(4);
  });

  it.each(METHODS)('is waited for when %s is slow', async (method) => {
    standIn.faults.slow({ method, ms: 50 });
    expect(await useAll(await open())).toBe(true);
    expect(standIn.faults.calls(method)).toBe(1);
  });

  it.each(METHODS)(
    'is asked again over a new connection when one broke around %s',
    async (method) => {
      standIn.faults.cut({ method, when: 'before' });
      standIn.faults.cut({ method, when: 'after' });
      expect(await useAll(await open())).toBe(true);
      expect(standIn.faults.calls(method)).toBe(3);
    },
  );

  it.each(METHODS)('that never answers %s is given up', async (method) => {
    standIn.faults.hang({ method, times: 99 });
    await expect(useAll(await open({ deadlineMs: SOON }))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it('is usable again after it hung', async () => {
    standIn.faults.hang({ method: 'GetPublicKey', times: 99 });
    const kms = await open({ deadlineMs: AMPLE });
    await expect(kms.findSigner(version)).rejects.toMatchObject({ code: 'unreachable' });
    standIn.faults.clear();
    expect(await useAll(kms)).toBe(true);
  });

  it('is given up when it is not there, and used when it is back', async () => {
    const away = await startWithKeys();
    const kms = await open({ endpoint: away.address, random: atLength, deadlineMs: 2_000 });
    await away.close();
    await expect(kms.findSigner(version)).rejects.toMatchObject({ code: 'unreachable' });
    const back = await startWithKeys(Number(away.address.split(':')[1]));
    expect(await useAll(kms)).toBe(true);
    await back.close();
  });

  it('is given up when it takes connections and says nothing', async () => {
    const mute: Server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const sockets: { destroy(): void }[] = [];
    mute.on('connection', (socket) => sockets.push(socket));
    const address = mute.address() as { readonly port: number };
    const kms = await open({ deadlineMs: SOON, endpoint: `127.0.0.1:${address.port}` });
    await expect(kms.findSigner(version)).rejects.toMatchObject({ code: 'unreachable' });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});

describe('opening Cloud KMS', () => {
  it.each([
    'kms.example.org:443',
    '10.0.0.1:9000',
    '127.0.0.1',
    'localhost:',
    'http://localhost:1',
  ])('is refused without encryption at %j', async (endpoint) => {
    await expect(openKms({ ...machine, endpoint })).rejects.toThrow(RangeError);
  });

  it('says that there are no credentials', async () => {
    process.env['METADATA_SERVER_DETECTION'] = 'none';
    process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nowhere/credentials.json';
    await expect(openKms(machine)).rejects.toThrow(
      'the credentials for Cloud KMS cannot be obtained',
    );
  });
});

it('goes on by a new connection when the first has died unheard, and fails nothing', async () => {
  const network = await startDeafProxy(standIn.address);
  const kms = await open({ endpoint: network.address, deadlineMs: AMPLE });
  expect(await useAll(kms)).toBe(true);
  network.deafen();
  expect(await useAll(kms)).toBe(true);
  expect(network.connections()).toBe(2);
  await network.close();
});
