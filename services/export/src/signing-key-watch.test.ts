import { renderVerificationKeys } from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { HOUR, MINUTE } from '@keyserver/time';
import {
  type ExportWorld,
  aSigningKey,
  anExport,
  hour,
  openExportWorld,
} from './testing/export-world.ts';

afterEach(closeTestStores);

/** An export with an old key that signs and a new one that is broken. */
async function worldWithBrokenKey(): Promise<ExportWorld> {
  const world = await openExportWorld();
  await world.configure(anExport({ signingKeys: ['k1', 'k2'] }));
  await world.declare(aSigningKey('k2'));
  world.signers.delete('key-of-k2');
  return world;
}

const unusable = (world: ExportWorld) => world.log.events('export.key_unusable');
const published = async (world: ExportWorld): Promise<string> =>
  Buffer.from(await world.object('us/keys.json')).toString();

describe('a signing key in force that cannot sign', () => {
  it('is reported while another one signs, with what to do', async () => {
    const world = await worldWithBrokenKey();
    await world.publish(3, { window: hour(11) });
    await world.run();
    expect(await world.download()).toHaveLength(10);
    expect(unusable(world)).toEqual([
      expect.objectContaining({
        key: 'k2',
        place: 'key-of-k2',
        problem: 'not_found',
        advice: expect.stringContaining('correct signingKey') as string,
      }),
    ]);
  });

  it('makes the service unhealthy, and no longer once it can sign', async () => {
    const world = await worldWithBrokenKey();
    await world.work();
    await expect(world.watch.probe()).rejects.toMatchObject({ code: 'signing_key_unusable' });
    await world.declare(aSigningKey('k2'));
    await world.work();
    await expect(world.watch.probe()).resolves.toBeUndefined();
    expect(world.log.events('export.key_usable')).toMatchObject([{ key: 'k2' }]);
  });

  it('is reported once an hour while it lasts, and at once when the reason changes', async () => {
    const world = await worldWithBrokenKey();
    for (let run = 0; run < 60; run++) {
      await world.work();
      world.clock.advance(MINUTE);
    }
    expect(unusable(world)).toHaveLength(1);
    await world.work();
    expect(unusable(world)).toHaveLength(2);
    await world.declare(aSigningKey('k2', { signingKey: 'elsewhere' }));
    world.signers.delete('elsewhere');
    await world.work();
    expect(unusable(world)).toHaveLength(3);
  });

  it('is tried before it is in force, and not after it has ended', async () => {
    const world = await openExportWorld();
    await world.configure(anExport({ signingKeys: ['k1', 'later', 'ended'] }));
    await world.declare(
      aSigningKey('later', { from: hour(20) }),
      aSigningKey('ended', { thru: hour(12) }),
    );
    world.signers.delete('key-of-later');
    world.signers.delete('key-of-ended');
    await world.work();
    expect(unusable(world)).toMatchObject([{ key: 'later' }]);
  });

  it('of an export that has ended concerns nobody', async () => {
    const world = await worldWithBrokenKey();
    await world.configure(anExport({ signingKeys: ['k1', 'k2'], thru: hour(12) }));
    await world.work();
    expect(unusable(world)).toEqual([]);
    expect(world.watch.silent()).toEqual([]);
  });

  it('leaves an export silent when no other one can sign', async () => {
    const world = await worldWithBrokenKey();
    await world.work();
    expect(world.watch.silent()).toEqual([]);
    world.signers.delete('key-of-k1');
    await world.work();
    expect(world.watch.silent()).toMatchObject([{ id: 'us' }]);
  });

  it('leaves an export waiting, and not silent, when that may be over in a moment', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    const problem = { problem: 'unreachable', place: 'k', message: 'k is out of reach' } as const;
    const watch = world.watchOver({ trySigner: async () => await Promise.resolve(problem) });
    await watch.check();
    expect([watch.silent(), watch.problems()]).toEqual([[], ['k is out of reach']]);
  });
});

describe('a key that may be able to sign in a moment', () => {
  it('is waited for, since a file would lack its signature for ever', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.cut();
    const problem = { problem: 'unreachable', place: 'k', message: 'k is out of reach' } as const;
    await world.work({ trySigner: async () => await Promise.resolve(problem) });
    expect(await world.batches()).toMatchObject([{ state: 'open', frozen: undefined }]);
    await world.work();
    expect(await world.download()).toHaveLength(10);
  });
});

describe('a private key that was exchanged under the same id and version', () => {
  const exchange = (world: ExportWorld): string => {
    const other = memorySigner();
    world.signers.set('key-of-k1', other);
    return other.pem;
  };

  async function signedOnce(): Promise<ExportWorld> {
    const world = await openExportWorld();
    await world.configure(anExport());
    await world.publish(3, { window: hour(11) });
    await world.run();
    return world;
  }

  it('is refused and reported, and what is out still verifies', async () => {
    const world = await signedOnce();
    const before = await published(world);
    const other = exchange(world);
    await world.publish(3, { window: hour(12) });
    world.clock.advance(HOUR);
    await world.run();
    expect(unusable(world)).toMatchObject([{ key: 'k1', problem: 'replaced' }]);
    expect(await published(world)).toBe(before);
    expect(before).not.toContain(JSON.stringify(other).slice(1, -1));
    expect(await world.download()).toHaveLength(10);
    expect(world.log.events('export.no_signer')).toHaveLength(1);
  });

  it('signs under a version of its own, beside the old key', async () => {
    const world = await signedOnce();
    exchange(world);
    await world.declare(
      aSigningKey('k1', { thru: hour(12) }),
      aSigningKey('k2', { signingKey: 'key-of-k1' }),
    );
    await world.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await world.publish(3, { window: hour(12) });
    world.clock.advance(HOUR);
    await world.run();
    expect(await world.download()).toHaveLength(20);
  });

  it('is found out also where the first key is known from what was published alone', async () => {
    const world = await openExportWorld();
    await world.configure(anExport());
    const first = memorySigner().pem;
    const content = renderVerificationKeys([{ ...aSigningKey('k1'), publicKey: first }]);
    await world.deps.openBucket('exports').put('us/keys.json', once(content), {
      headers: { contentType: 'application/json', cacheControl: 'no-cache', digest: '0' },
      expected: 'absent',
    });
    await world.publish(3, { window: hour(11) });
    await world.run();
    expect(unusable(world)).toMatchObject([{ key: 'k1', problem: 'replaced' }]);
    expect(await world.index()).toBeUndefined();
  });

  it('is found out between two workers that use the name for the first time at once', async () => {
    const world = await openExportWorld();
    const [one, other] = [memorySigner().pem, memorySigner().pem];
    const name = { keyId: '310', keyVersion: 'k1' };
    const recorded = await Promise.all([
      world.deps.usedKeys.record(name, one),
      world.deps.usedKeys.record(name, other),
    ]);
    expect(new Set(recorded).size).toBe(1);
    expect(await world.deps.usedKeys.find(name)).toBe(recorded[0]);
    expect(await world.deps.usedKeys.find({ keyId: '31', keyVersion: '0k1' })).toBeUndefined();
  });
});

describe('the published keys', () => {
  it('leave out a key that has not signed and cannot', async () => {
    const world = await worldWithBrokenKey();
    await world.publish(3, { window: hour(11) });
    await world.run();
    expect(await published(world)).not.toContain('"keyVersion": "k2"');
  });

  it('keep a key that has signed and is gone', async () => {
    const world = await worldWithBrokenKey();
    await world.publish(3, { window: hour(11) });
    await world.run();
    world.signers.delete('key-of-k1');
    await world.declare(aSigningKey('k2'));
    await world.publish(3, { window: hour(12) });
    world.clock.advance(HOUR);
    await world.run();
    expect(await published(world)).toContain('"keyVersion": "k1"');
    expect(await world.download()).toHaveLength(20);
  });
});

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content);
}
