import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { NOW, aFileWith, keyserver } from '@keyserver/cli/testing';
import { applyConfiguration, parseConfiguration } from '@keyserver/configuration';
import { selfSigned } from '@keyserver/federation-pull/testing';
import { type TestMachine, testAmbient, testMachine } from '@keyserver/platform/testing';
import { startPublish } from '@keyserver/publish';
import { systemRandom } from '@keyserver/random';
import type { RunningService } from '@keyserver/service';
import { openStoreFormat } from '@keyserver/stores';
import { MINUTE, SECOND, simulatedClock } from '@keyserver/time';
import { startTrust } from '@keyserver/trust';
import { type KeyServer, startKeyServer } from '@keyserver/trust/testing';
import { parse, stringify } from 'yaml';

const clock = simulatedClock(NOW);
const PROFILE = { PROFILE: 'development', TRUNCATE_WINDOW_SECONDS: '10' };
const PUBLISH_REMEMBERS = 300 * SECOND;
const names = { issuer: 'https://authority.example', audience: 'keyserver' };

let authority: KeyServer;
let machine: TestMachine;
let trust: RunningService;
let publish: RunningService;

beforeEach(async () => {
  clock.set(NOW);
  authority = await startKeyServer();
  machine = await testMachine('trust', clock);
  await apply({ id: 1, ...names, name: 'Authority', keys: [], jwks: authority.url });
  trust = await startTrust({ ...machine.env, ...PROFILE }, testAmbient('trust', { clock }));
  await job('rotate-keys');
  const env = { PORT: '0', DATA_DIR: machine.directory, ...PROFILE };
  publish = await startPublish(env, testAmbient('publish', { clock }));
});
afterEach(async () => {
  await Promise.all([trust.close(), publish.close(), authority.close()]);
  await machine.remove();
});

/** Applies a file with this authority; gives what became of it. */
async function apply(entry: object): Promise<string> {
  const app = { id: 'org.example.exposures', regions: ['ZZ'], authorities: [1] };
  const file = stringify({ authorities: [entry], apps: [app], signingKeys: [], exports: [] });
  const parsed = parseConfiguration(file);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return await machine.onPlatform(async ({ store, keyHashSecret }) => {
    const known = { place: 'a test', profile: 'development', keyHashSecret } as const;
    await openStoreFormat(store, known, systemRandom);
    const by = { actor: 'operator', random: systemRandom };
    return (await applyConfiguration(store, parsed.value, by)).kind;
  });
}

const job = async (name: string): Promise<number> =>
  (await fetch(`${trust.url}/${name}`, { method: 'POST', headers: await machine.caller() })).status;

/** A turn of the scheduler: two minutes pass, and the keys are refreshed. */
const turn = async (): Promise<number> => {
  clock.advance(2 * MINUTE);
  return await job('refresh-authority-keys');
};

interface Signing {
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly file: string;
}
const aKey = (kid: string): Signing => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { kid, publicKey, file: aFileWith(`${kid}.pem`, pem) };
};
const jwk = ({ kid, publicKey }: Signing) => ({ ...publicKey.export({ format: 'jwk' }), kid });

/** Whether a phone whose certificate is signed with a key can upload. */
const uploads = async ({ kid, file }: Signing): Promise<boolean> => {
  const { code, out, err } = await keyserver(
    [
      ...['publish', '--url', publish.url, '--keys', '2', '--kid', kid, '--authority-key', file],
      ...['--issuer', names.issuer, '--audience', names.audience],
    ],
    { clock },
  );
  expect(out + err).toMatch(code === 0 ? /./ : /401/);
  return code === 0;
};
const cli = async (...argv: readonly string[]) =>
  await keyserver([...argv, '--data-dir', machine.directory], { clock });
const shown = async (): Promise<Record<string, string>> => {
  const { out } = await cli('authority', 'keys', '--json');
  const [first] = JSON.parse(out) as { keys: readonly { version: string; state: string }[] }[];
  return Object.fromEntries(first!.keys.map(({ version, state }) => [version, state]));
};

it('an authority rotates its key, and nobody here does anything', async () => {
  const [old, next] = [aKey('old'), aKey('new')];
  authority.serve(jwk(old));
  expect(await turn()).toBe(200);
  clock.advance(SECOND);
  expect([await uploads(old), await uploads(next)]).toEqual([true, false]);
  authority.serve(jwk(old), jwk(next));
  await turn();
  clock.advance(PUBLISH_REMEMBERS);
  expect([await uploads(old), await uploads(next)]).toEqual([true, true]);
  authority.serve(jwk(next));
  await turn();
  clock.advance(PUBLISH_REMEMBERS);
  expect(await shown()).toEqual({ old: 'not served', new: 'in force' });
  expect(await uploads(old)).toBe(true); // one answer ends nothing
  await turn();
  clock.advance(PUBLISH_REMEMBERS);
  expect([await uploads(old), await uploads(next)]).toEqual([false, true]);
  expect(await shown()).toEqual({ old: 'ended', new: 'in force' });
});

it('applying a file and refreshing keys do not undo one another', async () => {
  const key = aKey('a');
  const entry = { id: 1, ...names, name: 'Authority', keys: [], jwks: authority.url };
  authority.serve(jwk(key));
  await turn();
  expect(await apply(entry)).toBe('unchanged');
  const { out: file } = await cli('config', 'show');
  expect(parse(file)).toMatchObject({ authorities: [{ keys: [], jwks: authority.url }] });
  expect(await apply({ ...entry, name: 'Renamed' })).toBe('applied');
  await turn();
  expect(await shown()).toEqual({ a: 'in force' });
  expect(await uploads(key)).toBe(true);
});

it('an operator revokes a key that is still served, and allows it again', async () => {
  const key = aKey('a');
  authority.serve(jwk(key), jwk(aKey('b')));
  await turn();
  const { out } = await cli('authority', 'keys');
  const [, fingerprint = ''] = /^1 +a +([0-9a-f]{16}) +learned +in force/m.exec(out) ?? [];
  const order = ['--authority', '1', '--key', fingerprint] as const;
  const asked = await keyserver(
    ['authority', 'revoke', ...order, '--data-dir', machine.directory],
    { clock, answer: false },
  );
  expect([asked.code, asked.questions.length]).toEqual([2, 1]);
  expect(await cli('authority', 'revoke', ...order)).toMatchObject({ code: 2 });
  expect(await shown()).toEqual({ a: 'in force', b: 'in force' });
  expect(await cli('authority', 'revoke', ...order, '--yes')).toMatchObject({ code: 0, err: '' });
  await turn();
  clock.advance(PUBLISH_REMEMBERS);
  expect(await shown()).toEqual({ a: 'revoked', b: 'in force' });
  expect(await uploads(key)).toBe(false);
  expect((await cli('authority', 'revoke', ...order, '--yes')).out).toContain('already');
  expect((await cli('authority', 'allow', ...order, '--yes')).code).toBe(0);
  clock.advance(PUBLISH_REMEMBERS);
  expect(await uploads(key)).toBe(true);
});

const REFUSED = [
  [['keys', '--authority', '2'], 'there is no authority 2'],
  [['revoke', '--authority', '2', '--key', 'ab'.repeat(8), '--yes'], 'there is no authority 2'],
  [['revoke', '--authority', '1', '--key', 'ab'.repeat(8), '--yes'], 'no key abababababababab'],
  [['allow', '--authority', '1', '--key', 'ab'.repeat(8), '--yes'], 'no key abababababababab'],
  [['revoke', '--authority', '1', '--key', 'abc'], 'must be 16 to 64 of 0-9 and a-f'],
  [['revoke', '--authority', '0', '--key', 'ab'.repeat(8)], 'must be a whole number from 1'],
] as const;

it('a command that cannot be followed is refused with one sentence', async () => {
  for (const [argv, sentence] of REFUSED) {
    const { code, err } = await cli('authority', ...argv);
    expect([code, err.split('\n').length]).toEqual([2, 2]);
    expect(err).toContain(sentence);
  }
});

it('says why keys could not be learned', async () => {
  authority.serve();
  expect(await turn()).toBe(500);
  const { out } = await cli('authority', 'keys');
  expect(out).toBe(
    'Authority 1 has not answered yet. Failed 1 times in a row: the answer has no key: that ends none; to end a key, end it here by hand.\n',
  );
});

it('does not learn from a server whose certificate nobody vouches for', async () => {
  const { certificate, key } = selfSigned('localhost');
  let asked = 0;
  const server = createServer({ cert: certificate, key }, (_request, response) => {
    asked += 1;
    response.end(JSON.stringify([jwk(aKey('a'))]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const jwks = `https://localhost:${port}/jwks.json`;
  await apply({ id: 1, ...names, name: 'Authority', keys: [], jwks });
  expect(await turn()).toBe(500);
  expect((await cli('authority', 'keys')).out).toContain('nobody answers there');
  expect(asked).toBe(0);
  await new Promise((resolve) => server.close(resolve));
});
