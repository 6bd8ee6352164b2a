import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { openLocalPlatform } from '@keyserver/local';
import { type FirestoreStandIn, startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { type KmsStandIn, startKmsStandIn } from '@keyserver/stand-ins/kms';
import { auditChain, auditHeads, auditIdOf, authorizedApps } from '@keyserver/stores';
import { DAY, simulatedClock, unixMillis } from '@keyserver/time';
import { machine } from '../../../../test/support/machine.ts';
import { putSigningKey } from '../testing/keys.ts';
import { NOW, type Ran, aFileWith, inScratch, keyserver, slowTimers } from '../testing/run-cli.ts';

process.env['METADATA_SERVER_DETECTION'] = 'none';
const manual = readFileSync(
  new URL('../../../../docs/configuration-file.md', import.meta.url),
  'utf8',
);
const example = /```yaml\n([^]*?)```/.exec(manual)?.[1] ?? '';
const configuration = aFileWith('audited.yaml', example);

/** A pair of keys as PEM, the public one in a file. */
function aKeyPair(name: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { pem, publicPem, file: aFileWith(`${name}.pub.pem`, publicPem) };
}
const auditKey = aKeyPair('audit');
const otherKey = aKeyPair('other');

// Applied once and copied, since opening a store takes longer than anything that is tested here.
const original = inScratch('audited');
beforeAll(async () => {
  putSigningKey(original);
  writeFileSync(join(original, 'keys/signing/audit.pem'), auditKey.pem, { mode: 0o600 });
  const argv = ['config', 'apply', configuration, '--yes'];
  const { code, err } = await keyserver(argv, { dataDirectory: original });
  if (code !== 0) throw new Error(err);
});

let directories = 0;
function aServer(): string {
  const dataDirectory = inScratch(`audited-${String((directories += 1))}`);
  cpSync(original, dataDirectory, { recursive: true });
  return dataDirectory;
}

const audit = async (dataDirectory: string, ...argv: readonly string[]): Promise<Ran> =>
  await keyserver(['audit', ...argv], { dataDirectory });
const checkpoint = async (dataDirectory: string): Promise<Ran> =>
  await audit(dataDirectory, 'checkpoint', '--signing-key', 'audit');

/** Writes past the audit. */
async function tamper(
  dataDirectory: string,
  write: (store: Awaited<ReturnType<typeof openLocalPlatform>>['store']) => Promise<unknown>,
): Promise<void> {
  const clock = simulatedClock(NOW);
  const platform = await openLocalPlatform({ ...machine, dataDirectory, clock });
  await write(platform.store);
  await platform.close();
}

const changeEntry = async (dataDirectory: string, sequence: number): Promise<void> => {
  await tamper(dataDirectory, async (store) => {
    const id = auditIdOf(sequence);
    await store.transact(async (tx) => {
      const [entry] = await tx.get(auditChain, [id]);
      tx.set(auditChain, id, { ...entry!, actor: 'kim' });
    });
  });
};

describe('audit show', () => {
  it('tells who did what when', async () => {
    const { code, out, err } = await audit(aServer(), 'show');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(/ {2,}/g, ' | ')).toBe(
      'ENTRY | TIME | ACTOR | OPERATION | CHANGES\n' +
        '1 | 2024-05-20T12:00:00Z | alex | audit.begin | add audit chain\n' +
        '2 | 2024-05-20T12:00:00Z | alex | configuration.apply | ' +
        'add authorities 1, add apps org.example.exposures, add signingKeys export-2024, 1 more\n',
    );
  });

  it('prints every field as JSON, and no private key', async () => {
    const server = aServer();
    const { out } = await audit(server, 'show', '--json', '--operation', 'configuration.apply');
    expect(JSON.parse(out)).toMatchObject([
      {
        ...{ entry: 2, at: '2024-05-20T12:00:00.000Z', actor: 'alex' },
        digests: { before: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        changes: [{ section: 'authorities' }, {}, {}, {}],
      },
    ]);
    expect(out).not.toMatch(/BEGIN|PRIVATE/);
  });

  it.each([
    [['--since', '2024-05-20T12:00:01Z'], 'There are no such entries.\n'],
    [['--operation', 'time.reset'], 'There are no such entries.\n'],
    [['--limit', '1'], expect.not.stringContaining('audit.begin') as string],
  ])('given %j leaves out the rest', async (argv, out) => {
    expect(await audit(aServer(), 'show', ...argv)).toMatchObject({ code: 0, out });
  });

  it.each([
    [['--since', 'yesterday'], /must be a time in UTC/],
    [['--operation', 'no'], /must be an operation/],
    [['--limit', '0'], /must be a whole number from 1/],
  ])('refuses %j in one sentence', async (argv, sentence) => {
    const ran = await audit(aServer(), 'show', ...argv);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });
});

describe('audit verify', () => {
  it('says that the chain is whole, and where it ends', async () => {
    const server = aServer();
    const { code, out } = await audit(server, 'verify');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^The audit is whole: entries 1 to 2, 0 checkpoints\.\nThe stored configuration is the one that .*\nHead: 2:[0-9a-f]{64}\n$/,
    );
    const [, head = ''] = /Head: (\S+)/.exec(out) ?? [];
    expect(await audit(server, 'verify', '--head', head)).toMatchObject({ code: 0, out });
    const json = JSON.parse((await audit(server, 'verify', '--json')).out) as object;
    expect(json).toMatchObject({ kind: 'whole', first: 1, last: 2, hash: head.slice(2) });
  });

  it('tells on the error stream how far it has walked', async () => {
    const timers = slowTimers();
    const dataDirectory = aServer();
    const { out, err } = await keyserver(['audit', 'verify', '--json'], { dataDirectory, timers });
    expect(err).toBe('entry 2 of 2\n');
    expect(JSON.parse(out)).toMatchObject({ kind: 'whole' });
  });

  it('says that nothing was written down yet', async () => {
    const server = inScratch('unaudited');
    putSigningKey(server);
    const clock = simulatedClock(NOW);
    await (await openLocalPlatform({ ...machine, dataDirectory: server, clock })).close();
    expect(await audit(server, 'verify')).toMatchObject({
      code: 0,
      out: 'Nothing has been written down since the audit is a chain; there are 0 entries from before.\n',
    });
    const signed = await checkpoint(server);
    expect(signed).toMatchObject({ code: 2, out: '' });
  });

  it('ends with 1 and one sentence when the chain is broken', async () => {
    const server = aServer();
    await changeEntry(server, 2);
    const sentence = 'entry 2, the last one, is not the one that was written';
    expect(await audit(server, 'verify')).toMatchObject({
      ...{ code: 1, out: '', err: `keyserver: the audit is broken: ${sentence}\n` },
    });
    const { code, out } = await audit(server, 'verify', '--json');
    expect({ code, verdict: JSON.parse(out) as object }).toEqual({
      code: 1,
      verdict: { kind: 'broken', sentence },
    });
    const applied = await keyserver(['config', 'apply', configuration, '--yes'], {
      dataDirectory: server,
    });
    expect(applied).toMatchObject({ code: 0 }); // no change, so there is nothing to write down
    const signed = await checkpoint(server);
    expect(signed).toMatchObject({ code: 1, out: '' });
    expect(signed.err).toMatch(/nothing was signed, the audit is broken/);
  });

  it('tells of a configuration that was changed past the audit', async () => {
    const server = aServer();
    await tamper(server, async (store) => {
      await store.transact(async (tx) => {
        const [app] = await tx.find(authorizedApps, { limit: 1 });
        tx.set(authorizedApps, app!.id, { ...app!.value, bypassCertificate: true });
      });
    });
    const { code, out } = await audit(server, 'verify');
    expect(code).toBe(0);
    expect(out).toContain('is not the one that entry 2 left: somebody wrote past the audit');
  });

  it('finds out from a checkpoint kept elsewhere that the end was cut off', async () => {
    const server = aServer();
    const { out } = await checkpoint(server);
    const kept = aFileWith('kept.json', out);
    const argv = ['verify', '--checkpoint', kept, '--public-key', auditKey.file];
    expect(await audit(server, ...argv)).toMatchObject({ code: 0 });
    const younger = aServer();
    await tamper(younger, async (store) => {
      await store.transact(async (tx) => {
        const [first] = await tx.get(auditChain, [auditIdOf(1)]);
        const [second] = await tx.get(auditChain, [auditIdOf(2)]);
        const [head] = await tx.get(auditHeads, ['head']);
        tx.delete(auditChain, auditIdOf(2));
        tx.set(auditHeads, 'head', { ...head!, sequence: first!.sequence, hash: second!.previous });
      });
    });
    expect(await audit(younger, 'verify')).toMatchObject({ code: 0 });
    expect(await audit(younger, ...argv)).toMatchObject({
      code: 1,
      err: 'keyserver: the audit is broken: the chain ends with entry 1, and entry 2 is known: the end was cut off\n',
    });
  });

  it.each<[string, () => readonly string[], RegExp]>([
    ['a head of no form', () => ['--head', '2:ab'], /must be a number and 64 hex digits/],
    ['no file', () => ['--checkpoint', inScratch('none.json')], /no such file/],
    ['a file of something else', () => ['--checkpoint', configuration], /is not what .* printed/],
    ['no key', () => ['--public-key', configuration], /is no public P-256 key/],
    [
      'a private key',
      () => ['--public-key', aFileWith('private.pem', auditKey.pem)],
      /is no public P-256 key/,
    ],
  ])('cannot be told %s', async (_, argv, sentence) => {
    const ran = await audit(aServer(), 'verify', ...argv());
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^keyserver: [^\n]*\n$/);
    expect(ran.err).toMatch(sentence);
  });

  it('does not take a checkpoint that the given key has not signed, or that was changed', async () => {
    const server = aServer();
    const { out } = await checkpoint(server);
    const kept = aFileWith('kept-2.json', out);
    const other = ['verify', '--checkpoint', kept, '--public-key', otherKey.file];
    expect((await audit(server, ...other)).err).toMatch(/is not signed by a public key that was/);
    const changed = aFileWith('changed.json', out.replace('"sequence": 2', '"sequence": 1'));
    const ran = await audit(server, 'verify', '--checkpoint', changed);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/is not signed by the key that it names/);
  });
});

describe('audit checkpoint', () => {
  it('prints what anybody can verify', async () => {
    const { code, out } = await checkpoint(aServer());
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ sequence: 2, entryAt: NOW, at: NOW, publicKey: auditKey.publicPem },
      signature: expect.stringMatching(/^[A-Za-z0-9+/]{90,}=*$/) as string,
    });
  });

  it.each([
    ['a key that signs files', 'export-2024', /signs files that phones trust/],
    ['a key that is not there', 'nobody', /does not exist/],
    ['what is no name of a key', '../audit', /has no file of such a name/],
  ])('is not signed with %s', async (_, key, sentence) => {
    const server = aServer();
    const ran = await audit(server, 'checkpoint', '--signing-key', key);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
    expect((await audit(server, 'verify')).out).toContain('0 checkpoints');
  });
});

describe('audit trim', () => {
  const trim = async (dataDirectory: string, ...argv: readonly string[]): Promise<Ran> =>
    await keyserver(['audit', 'trim', '--before', '2024-06-01T00:00:00Z', ...argv], {
      ...{ dataDirectory, clock: simulatedClock(unixMillis(NOW + 800 * DAY)) },
    });

  /** A server that is 800 days old, and has a checkpoint. */
  async function anOldServer(): Promise<string> {
    const server = aServer();
    await checkpoint(server);
    return server;
  }

  it('deletes what a checkpoint stands for, once it is told yes', async () => {
    const server = await anOldServer();
    const asked = await trim(server, '--public-key', auditKey.file);
    expect(asked).toMatchObject({ code: 2, out: '' });
    expect(await trim(server, '--public-key', auditKey.file, '--yes')).toMatchObject({
      ...{ code: 0, out: 'The audit begins behind entry 2; deleted 2 documents.\n', err: '' },
    });
    const clock = simulatedClock(unixMillis(NOW + 800 * DAY));
    const verified = await keyserver(['audit', 'verify'], { dataDirectory: server, clock });
    expect(verified.out).toContain('Entries before 3 were trimmed behind a checkpoint.');
    const known = ['audit', 'verify', '--head', `1:${'a'.repeat(64)}`];
    const older = await keyserver(known, { dataDirectory: server, clock });
    expect(older).toMatchObject({ code: 2 });
    expect(older.err).toMatch(/entry 1 was trimmed, so it cannot be compared/);
  });

  it('deletes nothing without a key, with another key, or when it is too early', async () => {
    const server = await anOldServer();
    const refusal = async (...argv: readonly string[]) =>
      (await trim(server, ...argv, '--yes')).err;
    expect(await refusal()).toMatch(/give --public-key/);
    expect(await refusal('--public-key', otherKey.file)).toMatch(/nothing was deleted, the audit/);
    const early = ['--before', '2026-06-01T00:00:00Z', '--public-key', auditKey.file];
    expect(await refusal(...early)).toMatch(/entries since 2024-0\d-\d\dT.* are kept/);
  });
});

describe('audit restart', () => {
  it('begins a new chain behind a broken one, and verify tells of it', async () => {
    const server = aServer();
    await changeEntry(server, 1);
    expect(await audit(server, 'restart')).toMatchObject({ code: 2, out: '' });
    const ran = await audit(server, 'restart', '--yes');
    expect(ran.out).toMatch(
      /^A new chain begins with entry 3, which says: entry 2 does not follow/,
    );
    const verified = await audit(server, 'verify');
    expect(verified.code).toBe(0);
    expect(verified.out).toMatch(
      /\nIt was begun anew with entry 3 by alex on 2024-05-20T12:00:00Z/,
    );
  });

  it('refuses where nothing is broken', async () => {
    const ran = await audit(aServer(), 'restart', '--yes');
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/the audit is not broken/);
  });
});

describe('in the cloud', () => {
  let firestore: FirestoreStandIn;
  let kms: KmsStandIn;
  beforeEach(async () => {
    firestore = await startFirestoreStandIn({ now: () => NOW });
    kms = await startKmsStandIn();
  });
  afterEach(async () => {
    await Promise.all([firestore.close(), kms.close()]);
  });

  it('the same is written down, signed, and found out', async () => {
    const store = ['--project', 'demo', '--endpoint', firestore.address];
    const keys = ['--kms-endpoint', kms.address];
    const key = 'projects/demo/locations/europe-west1/keyRings/r/cryptoKeys/audit';
    const version = kms.createSigningKey(key);
    await keyserver(['config', 'apply', configuration, '--yes', ...store]);
    const without = await keyserver(['audit', 'checkpoint', '--signing-key', version, ...store]);
    expect(without.err).toMatch(/give --kms-endpoint too/);
    const argv = ['audit', 'checkpoint', '--signing-key', version, ...store, ...keys];
    const { out } = await keyserver(argv);
    const kept = aFileWith('cloud.json', out);
    const { publicKey } = JSON.parse(out) as { publicKey: string };
    const file = aFileWith('cloud.pub.pem', publicKey);
    const verifying = ['audit', 'verify', ...store, '--checkpoint', kept, '--public-key', file];
    const verified = await keyserver(verifying);
    expect(verified).toMatchObject({ code: 0, err: '' });
    expect(verified.out).toMatch(/^The audit is whole: entries 1 to 3, 1 checkpoint\.\n/);
    const shown = await keyserver(['audit', 'show', ...store, '--limit', '1']);
    expect(shown.out).toContain('audit.checkpoint');
  });
});
