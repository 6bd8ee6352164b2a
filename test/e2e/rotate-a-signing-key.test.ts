import { readFileSync } from 'node:fs';
import { parseVerificationKeys } from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import { applyConfiguration, parseConfiguration } from '@keyserver/configuration';
import { systemRandom } from '@keyserver/random';
import { signingKeys } from '@keyserver/stores';
import { DAY, type UnixMillis, floorTo, unixMillis } from '@keyserver/time';
import { parse, stringify } from 'yaml';
import { type ExportFixture, openExportFixture } from '@keyserver/export/testing';
import { type Phone, accepts } from '../support/phone.ts';

type Part = Readonly<Record<string, readonly object[]>>;

const yamlIn = (page: string): readonly Part[] =>
  [
    ...readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8').matchAll(
      /```yaml\n([^]*?)```/g,
    ),
  ].map(([, text = '']) => parse(text) as Part);

const [whole = {}] = yamlIn('configuration-file.md');
const [publishedFirst = {}, ended = {}] = yamlIn('runbooks/rotate-a-signing-key.md');
const PERIOD = DAY;
const at = (time: string): UnixMillis => unixMillis(Date.parse(time));

/** The example of the manual with the lists of the runbook in the place of its own; daily, so that months pass quickly. */
const fileWith = (part: Part): string =>
  stringify({
    ...whole,
    signingKeys: part['signingKeys'] ?? whole['signingKeys'],
    exports: whole['exports']?.map((config, n) => ({
      ...config,
      ...part['exports']?.[n],
      period: '24h',
    })),
  });

const oldSigner = memorySigner();
const newSigner = memorySigner();
const OLD = { keyId: '310', keyVersion: 'v1', publicKey: oldSigner.pem };
const NEW = { keyId: '310', keyVersion: 'v2', publicKey: newSigner.pem };
const HOLDERS = { old: [OLD], new: [NEW], both: [OLD, NEW] } as const;

/** Which phones read an archive. */
const readers = (zip: Uint8Array): readonly string[] =>
  (['ios', 'android'] as const).flatMap((system) =>
    Object.entries(HOLDERS)
      .map(([holds, knows]): [string, Phone] => [`${system} with ${holds}`, { system, knows }])
      .filter(([, phone]) => accepts(phone, zip))
      .map(([name]) => name),
  );

let fixture: ExportFixture;

async function apply(part: Part): Promise<void> {
  const parsed = parseConfiguration(fileWith(part));
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  const by = { actor: 'operator', random: systemRandom };
  expect(await applyConfiguration(fixture.store, parsed.value, by)).toMatchObject({
    kind: 'applied',
  });
}

/** A file of keys that are released at this time, made as soon as it is due. */
async function fileMadeAt(time: UnixMillis): Promise<Uint8Array> {
  const start = floorTo(time, PERIOD);
  fixture.clock.advance(start - fixture.clock.now());
  await fixture.publish(3, { window: start });
  fixture.clock.advance(PERIOD);
  for (let run = 0; run < 20; run++) {
    await fixture.run();
    const name = (await fixture.index('us-ca'))?.at(-1) ?? '';
    if (name.includes(`/${String(start / 1000)}-`)) return await fixture.object(name);
  }
  throw new Error('no file was made');
}

async function publishedVersions(): Promise<readonly string[]> {
  const keys = parseVerificationKeys(await fixture.object('us-ca/keys.json')) ?? [];
  return keys.map(({ keyVersion }) => keyVersion);
}

beforeEach(async () => {
  fixture = await openExportFixture();
  await fixture.store.transact(async (tx) => {
    tx.delete(signingKeys, 'k1');
    await Promise.resolve();
  });
  fixture.signers.set('export-2024', oldSigner);
  await apply({});
});

afterEach(async () => {
  await fixture.store.close();
});

/** The runbook's first step with another begin of the new key. */
const beginningAt = (from: string): Part => ({
  ...publishedFirst,
  signingKeys: (publishedFirst['signingKeys'] ?? []).map((key) =>
    'id' in key && key.id === 'export-2026' ? { ...key, from } : key,
  ),
});

const BOTH = ['ios with both', 'android with both'];

describe('a signing key that is rotated as the runbook says', () => {
  it('is published first and signs later, and phones with both keys read every file', async () => {
    expect(readers(await fileMadeAt(at('2026-01-20T00:00:00Z')))).toEqual(
      expect.arrayContaining(['ios with old', 'android with old', ...BOTH]),
    );

    fixture.signers.set('export-2026', newSigner);
    await apply(publishedFirst);
    const before = readers(await fileMadeAt(at('2026-02-10T00:00:00Z')));
    expect(before.toSorted()).toEqual(['android with old', 'ios with old', ...BOTH].toSorted());
    expect(await publishedVersions()).toEqual(['v2', 'v1']);

    const together = readers(await fileMadeAt(at('2026-03-02T00:00:00Z')));
    expect(together.toSorted()).toEqual(
      ['android with new', 'android with old', 'ios with new', ...BOTH].toSorted(),
    );

    await apply(ended);
    const after = readers(await fileMadeAt(at('2026-04-02T00:00:00Z')));
    expect(after.toSorted()).toEqual(['android with new', 'ios with new', ...BOTH].toSorted());
  });

  it('takes over on phones of Apple at once when it does not begin in the future', async () => {
    fixture.signers.set('export-2026', newSigner);
    await apply(beginningAt('2026-01-01T00:00:00Z'));
    const read = readers(await fileMadeAt(at('2026-01-20T00:00:00Z')));
    expect(read).not.toContain('ios with old');
    expect(read).toContain('android with old');
  });

  it('can be put off for as long as it has not signed', async () => {
    fixture.signers.set('export-2026', newSigner);
    await apply(publishedFirst);
    await apply(beginningAt('2026-05-01T00:00:00Z'));
    expect(readers(await fileMadeAt(at('2026-03-02T00:00:00Z')))).toContain('ios with old');
  });
});
