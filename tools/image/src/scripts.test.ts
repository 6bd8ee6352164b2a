import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '../bin');
const DIGEST = `sha256:${'a'.repeat(64)}`;
/** Stands in for gcloud: writes down what it is asked, and answers by the first pattern that fits. */
const GCLOUD = `#!/usr/bin/env bash
echo "$*" >>"$HERE/asked"
while IFS=$'\\t' read -r pattern code answer; do
  [[ "$*" == *$pattern* ]] && { printf "$answer"; exit "$code"; }
done <"$HERE/answers"
exit 0
`;

let here: string;
beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'keyserver-scripts-'));
  writeFileSync(join(here, 'gcloud'), GCLOUD);
  chmodSync(join(here, 'gcloud'), 0o755);
  writeFileSync(join(here, 'images.txt'), `trust r/trust@${DIGEST}\npublish r/publish@${DIGEST}\n`);
});
afterEach(() => {
  rmSync(here, { recursive: true });
});

type Answer = readonly [pattern: string, code: number, text: string];
const USUAL: readonly Answer[] = [
  ['--flatten status.traffic', 0, 'keyserver-old\\t100\\n'],
  ['latestReadyRevisionName', 0, 'keyserver-new\\n'],
];

/** Runs a script of the build where gcloud answers so, and gives its end and what it asked. */
function run(script: string, answers: readonly Answer[], env: Record<string, string> = {}) {
  writeFileSync(join(here, 'asked'), '');
  const lines = answers.map((answer) => answer.join('\t'));
  writeFileSync(join(here, 'answers'), lines.map((line) => `${line}\n`).join(''));
  const { status, stderr, stdout } = spawnSync('bash', [join(BIN, script)], {
    cwd: here,
    encoding: 'utf8',
    env: {
      ...{ PATH: `${here}:${process.env['PATH'] ?? ''}`, HERE: here, _REGION: 'europe-west1' },
      ...{ _SERVICES: 'trust publish', _STEPS: '5 100', _WATCH_SECONDS: '0', ...env },
    },
  });
  const asked = readFileSync(join(here, 'asked'), 'utf8').split('\n').slice(0, -1);
  return { status, stderr, stdout, shares: asked.filter((one) => one.includes('--to-rev')), asked };
}

const share = (service: string, revision: string): string =>
  `run services update-traffic keyserver-${service} --to-revisions ${revision} --region europe-west1 --quiet`;

describe('the roll-out', () => {
  it('gives each service its image by digest, and a growing share', () => {
    const { status, shares, asked } = run('roll-out.sh', USUAL);
    expect(status).toBe(0);
    expect(shares).toEqual([
      ...[share('trust', 'keyserver-new=5'), share('trust', 'keyserver-new=100')],
      ...[share('publish', 'keyserver-new=5'), share('publish', 'keyserver-new=100')],
    ]);
    expect(
      asked.filter((one) => one.includes(`--image r/trust@${DIGEST} --no-traffic`)),
    ).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['the new revision logs an error', ['logging read', 0, '2026-01-01T00:00:00Z']],
    ['its errors cannot be read', ['logging read', 1, '']],
    ['traffic cannot be moved', ['new=5', 1, '']],
  ])('goes back to the old revision, and no further, when %s', (_, answer) => {
    const { status, shares, stderr } = run('roll-out.sh', [answer, ...USUAL]);
    expect([status, shares.at(-1)]).toEqual([1, share('trust', 'keyserver-old=100')]);
    expect(shares).toHaveLength(2);
    expect(stderr).toContain('rolled back to keyserver-old');
  });

  it.each<[string, Answer, string]>([
    ['does not start', ['--no-traffic', 1, ''], 'keyserver-old goes on'],
    [
      'would come beside two others',
      ['--flatten', 0, 'a\\t50\\nb\\t50\\n'],
      'no revision with all requests',
    ],
    ['is of a service that there is none of', ['--flatten', 1, ''], ''],
  ])('moves no request when the new revision %s', (_, answer, said) => {
    const { status, shares, stderr } = run('roll-out.sh', [answer, ...USUAL]);
    expect([status, shares]).toEqual([1, []]);
    expect(stderr).toContain(said);
  });

  it('moves no request to an image that has no digest', () => {
    writeFileSync(join(here, 'images.txt'), 'trust r/trust:latest\n');
    const { status, asked } = run('roll-out.sh', USUAL);
    expect([status, asked]).toEqual([2, []]);
  });

  it('leaves a service alone that has the image already', () => {
    const same: Answer = ['latestReady', 0, 'keyserver-old'];
    expect(run('roll-out.sh', [same, ...USUAL]).shares).toEqual([]);
  });
});

const scanned = (state: string, severity = 'LOW', fix = true): Answer => [
  'describe',
  0,
  JSON.stringify({
    discovery: [{ discovery: { analysisStatus: state } }],
    found: [
      {
        vulnerability: {
          effectiveSeverity: severity,
          fixAvailable: fix,
          shortDescription: 'CVE-1',
        },
      },
    ],
  }),
];

describe('the scan', () => {
  it('passes what has no critical vulnerability, or none with a fix', () => {
    expect(run('scan.sh', [scanned('FINISHED_SUCCESS')]).status).toBe(0);
    expect(run('scan.sh', [scanned('FINISHED_SUCCESS', 'CRITICAL', false)]).status).toBe(0);
  });

  it.each<[string, Answer, string]>([
    ['a critical one has a fix', scanned('FINISHED_SUCCESS', 'CRITICAL'), 'CVE-1'],
    ['the analysis failed', scanned('FINISHED_FAILED'), 'was not scanned: FINISHED_FAILED'],
    ['it never began', ['describe', 0, '{}'], 'was not scanned: PENDING'],
    ['nobody answers', ['describe', 1, ''], ''],
  ])('refuses when %s', (_, answer, said) => {
    const { status, stderr } = run('scan.sh', [answer], { SCAN_WAITS: '0', SCAN_PAUSE: '0' });
    expect(status).toBe(1);
    expect(stderr).toContain(said);
  });
});

describe('the attestation', () => {
  const key = { _ATTESTOR: 'projects/p/attestors/a', _ATTESTOR_KEY: 'k' };

  it('is made of each digest, and of nothing without an attestor', () => {
    expect(run('attest.sh', [], key).asked).toHaveLength(2);
    expect(run('attest.sh', []).asked).toEqual([]);
  });

  it('ends with the first that fails, or without a key', () => {
    expect(run('attest.sh', [['sign-and-create', 1, '']], key)).toMatchObject({ status: 1 });
    expect(run('attest.sh', [], { ...key, _ATTESTOR_KEY: '' }).asked).toEqual([]);
  });
});

it.each(['', 'main', 'abc'])('nothing is built of the commit "%s"', (_COMMIT) => {
  const env = { PROJECT_ID: 'p', _REPOSITORY: 'r', _COMMIT, _COMMIT_TIME: '1' };
  expect(run('build.sh', [], env)).toMatchObject({ status: 2, asked: [] });
});
