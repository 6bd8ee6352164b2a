import { renderVerificationKeys } from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import { closeTestStores } from '@keyserver/sqlite/testing';
import { HOUR, MINUTE } from '@keyserver/time';
import { aSigningKey, anExport, hour } from './testing/export-builders.ts';
import { type ExportFixture, openExportFixture } from './testing/export-fixture.ts';

afterEach(closeTestStores);

/** An export with an old key that signs and a new one that is broken. */
async function worldWithBrokenKey(): Promise<ExportFixture> {
  const fixture = await openExportFixture();
  await fixture.configure(anExport({ signingKeys: ['k1', 'k2'] }));
  await fixture.declare(aSigningKey('k2'));
  fixture.signers.delete('key-of-k2');
  return fixture;
}

const unusable = (fixture: ExportFixture) => fixture.log.events('export.key_unusable');
const published = async (fixture: ExportFixture): Promise<string> =>
  Buffer.from(await fixture.object('us/keys.json')).toString();

describe('a signing key in force that cannot sign', () => {
  it('is reported while another one signs, with what to do', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(10);
    expect(unusable(fixture)).toEqual([
      expect.objectContaining({
        key: 'k2',
        place: 'key-of-k2',
        problem: 'not_found',
        advice: expect.stringContaining('correct signingKey') as string,
      }),
    ]);
  });

  it('makes the service unhealthy, and no longer once it can sign', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.work();
    await expect(fixture.watch.probe()).rejects.toMatchObject({ code: 'signing_key_unusable' });
    await fixture.declare(aSigningKey('k2'));
    await fixture.work();
    await expect(fixture.watch.probe()).resolves.toBeUndefined();
    expect(fixture.log.events('export.key_usable')).toMatchObject([{ key: 'k2' }]);
  });

  it('is reported once an hour while it lasts, and at once when the reason changes', async () => {
    const fixture = await worldWithBrokenKey();
    for (let run = 0; run < 60; run++) {
      await fixture.work();
      fixture.clock.advance(MINUTE);
    }
    expect(unusable(fixture)).toHaveLength(1);
    await fixture.work();
    expect(unusable(fixture)).toHaveLength(2);
    await fixture.declare(aSigningKey('k2', { signingKey: 'elsewhere' }));
    fixture.signers.delete('elsewhere');
    await fixture.work();
    expect(unusable(fixture)).toHaveLength(3);
    expect(fixture.log.events('export.key_usable')).toEqual([]);
  });

  it('is tried before it is in force, and not after it has ended', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport({ signingKeys: ['k1', 'later', 'ended'] }));
    await fixture.declare(
      aSigningKey('later', { from: hour(20) }),
      aSigningKey('ended', { thru: hour(12) }),
    );
    fixture.signers.delete('key-of-later');
    fixture.signers.delete('key-of-ended');
    await fixture.work();
    expect(unusable(fixture)).toMatchObject([{ key: 'later' }]);
  });

  it('of an export that has ended concerns nobody', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.configure(anExport({ signingKeys: ['k1', 'k2'], thru: hour(12) }));
    await fixture.work();
    expect(unusable(fixture)).toEqual([]);
    expect(fixture.watch.silent()).toEqual([]);
  });

  it('leaves an export silent when no other one can sign', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.work();
    expect(fixture.watch.silent()).toEqual([]);
    fixture.signers.delete('key-of-k1');
    await fixture.work();
    expect(fixture.watch.silent()).toMatchObject([{ id: 'us' }]);
  });

  it('leaves an export waiting, and not silent, when that may be over in a moment', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    const problem = { problem: 'unreachable', place: 'k', message: 'k is out of reach' } as const;
    const watch = fixture.watchOver({ trySigner: async () => await Promise.resolve(problem) });
    await watch.check();
    expect([watch.silent(), watch.problems()]).toEqual([[], ['k is out of reach']]);
  });
});

describe('a key that may be able to sign in a moment', () => {
  it('is waited for, since a file would lack its signature for ever', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.cut();
    const problem = { problem: 'unreachable', place: 'k', message: 'k is out of reach' } as const;
    await fixture.work({ trySigner: async () => await Promise.resolve(problem) });
    expect(await fixture.batches()).toMatchObject([{ state: 'open', frozen: undefined }]);
    await fixture.work();
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(10);
  });
});

describe('a private key that was exchanged under the same id and version', () => {
  const exchange = (fixture: ExportFixture): string => {
    const other = memorySigner();
    fixture.signers.set('key-of-k1', other);
    return other.pem;
  };

  async function signedOnce(): Promise<ExportFixture> {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    return fixture;
  }

  it('is refused and reported, and what is out still verifies', async () => {
    const fixture = await signedOnce();
    const before = await published(fixture);
    const other = exchange(fixture);
    await fixture.publish(3, { window: hour(12) });
    fixture.clock.advance(HOUR);
    await fixture.run();
    expect(unusable(fixture)).toMatchObject([{ key: 'k1', problem: 'replaced' }]);
    expect(await published(fixture)).toBe(before);
    expect(before).not.toContain(JSON.stringify(other).slice(1, -1));
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(10);
    expect(fixture.log.events('export.no_signer')).toHaveLength(1);
  });

  it('signs under a version of its own, beside the old key', async () => {
    const fixture = await signedOnce();
    exchange(fixture);
    await fixture.declare(
      aSigningKey('k1', { thru: hour(12) }),
      aSigningKey('k2', { signingKey: 'key-of-k1' }),
    );
    await fixture.configure(anExport({ signingKeys: ['k1', 'k2'] }));
    await fixture.publish(3, { window: hour(12) });
    fixture.clock.advance(HOUR);
    await fixture.run();
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(20);
  });

  it('is found out also where the first key is known from what was published alone', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(anExport());
    const first = memorySigner().pem;
    const content = renderVerificationKeys([{ ...aSigningKey('k1'), publicKey: first }]);
    await fixture.deps.openBucket('exports').put('us/keys.json', once(content), {
      headers: { contentType: 'application/json', cacheControl: 'no-cache', digest: '0' },
      expected: 'absent',
    });
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    expect(unusable(fixture)).toMatchObject([{ key: 'k1', problem: 'replaced' }]);
    expect(await fixture.index()).toBeUndefined();
  });

  it('is looked for only in what is published for exports that sign with it', async () => {
    const fixture = await openExportFixture();
    await fixture.configure(
      anExport(),
      anExport({ id: 'ca', outputRegion: 'CA', filenameRoot: 'ca', signingKeys: ['k2'] }),
    );
    await fixture.declare(aSigningKey('k2'));
    await fixture.deps.usedKeys.record(aSigningKey('k1'), fixture.signers.get('key-of-k1')!.pem);
    const bucket = fixture.deps.openBucket('exports');
    const read: string[] = [];
    const watch = fixture.watchOver({
      openBucket: () => ({
        ...bucket,
        read: async (name) => {
          read.push(name);
          return await bucket.read(name);
        },
      }),
    });
    await watch.check();
    expect(read).toEqual(['ca/keys.json']);
  });

  it('is found out between two workers that use the name for the first time at once', async () => {
    const fixture = await openExportFixture();
    const [one, other] = [memorySigner().pem, memorySigner().pem];
    const name = { keyId: '310', keyVersion: 'k1' };
    const recorded = await Promise.all([
      fixture.deps.usedKeys.record(name, one),
      fixture.deps.usedKeys.record(name, other),
    ]);
    expect(new Set(recorded).size).toBe(1);
    expect(await fixture.deps.usedKeys.find(name)).toBe(recorded[0]);
    expect(await fixture.deps.usedKeys.find({ keyId: '31', keyVersion: '0k1' })).toBeUndefined();
  });
});

describe('the published keys', () => {
  it('leave out a key that has not signed and cannot', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    expect(await published(fixture)).not.toContain('"keyVersion": "k2"');
  });

  it('keep a key that has signed and is gone', async () => {
    const fixture = await worldWithBrokenKey();
    await fixture.publish(3, { window: hour(11) });
    await fixture.run();
    fixture.signers.delete('key-of-k1');
    await fixture.declare(aSigningKey('k2'));
    await fixture.publish(3, { window: hour(12) });
    fixture.clock.advance(HOUR);
    await fixture.run();
    expect(await published(fixture)).toContain('"keyVersion": "k1"');
    expect((await fixture.download()).length).toBeGreaterThanOrEqual(20);
  });
});

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content);
}
