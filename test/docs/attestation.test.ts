import { bindingDigest, bindingText, digestText } from '@keyserver/attestation';
import { parseAttestationPolicy } from '@keyserver/configuration';
import { boundUploadOf, parseV1Upload } from '@keyserver/publish';
import { blocksOf, textOf } from './pages.ts';

const page = textOf('docs/attestation.md');
const blockOf = (info: string): string =>
  blocksOf(page).find((block) => block.info === info)?.body ?? fail(info);

function fail(info: string): never {
  throw new Error(`the page has no block ${info}`);
}

function uploadOfPage() {
  const read = parseV1Upload(Buffer.from(blockOf('json upload')));
  const bound = read.kind === 'request' ? boundUploadOf(read.request) : undefined;
  if (bound === undefined) throw new Error('the upload of the page is none');
  return bound;
}

describe('docs/attestation.md', () => {
  it('shows the text of its upload', () => {
    expect(bindingText(uploadOfPage())).toBe(blockOf('text binding'));
  });

  it('shows the digest of its upload, and says it again where it is passed on', () => {
    const digest = bindingDigest(uploadOfPage());
    const [hex, text] = blockOf('text digest').trim().split('\n');
    expect([Buffer.from(digest).toString('hex'), digestText(digest)]).toEqual([hex, text]);
    expect(page).toContain(`\`${digestText(digest)}\``);
  });

  it('shows a policy that can be read, with both spellings of one digest', () => {
    const policy = parseAttestationPolicy(blockOf('yaml policy'));
    if (policy.kind === 'refused') throw new Error(JSON.stringify(policy.problems));
    expect(policy.value.playIntegrity).toMatchObject({ maxAge: 600_000, maxSkew: 60_000 });
    expect(policy.value.playIntegrity?.certificates).toEqual(policy.value.safetyNet?.certificates);
    expect(policy.value.appAttest).toMatchObject({ categories: [2, 4] });
  });
});
