import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('run.ts', import.meta.url));

const run = (...options: string[]) =>
  spawnSync(process.execPath, ['--conditions=source', SCRIPT, ...options], { encoding: 'utf8' });

describe('npm run fuzz', () => {
  it('searches everything, guided by what is executed, and finds nothing', () => {
    const { status, stdout, stderr } = run('--seconds', '2');
    const rows = stdout.trim().split('\n').slice(1);
    const figures = rows.map((row) => row.replaceAll(',', '').split(/ +/u).slice(1).map(Number));
    expect([stderr, status]).toEqual(['', 0]);
    expect(rows.length).toBeGreaterThan(10);
    for (const [inputs = 0, kept = 0, covered = 0, , found] of figures) {
      expect(inputs).toBeGreaterThan(100);
      expect(kept).toBeGreaterThan(0);
      expect(covered).toBeGreaterThan(100);
      expect(found).toBe(0);
    }
  });

  it('says what there is when it is asked for something else', () => {
    const { status, stdout } = run('nothing');
    expect(status).toBe(2);
    expect(stdout).toBe(
      'there is no nothing: choose of bytes, tokens, certificates, attestations, files, configuration, key-sets, json\n',
    );
  });
});
