import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OfferedKey } from '@keyserver/exposure-keys';
import {
  APPS,
  EXPORTS,
  type Simulation,
  certified,
  dayKey,
  downloadSeries,
  openSimulation,
  runJobs,
} from '@keyserver/demo';
import { systemRandom } from '@keyserver/random';
import { HOUR, systemTimers, unixMillis } from '@keyserver/time';

const start = unixMillis(Date.parse('2024-05-20T12:00:00Z'));
const MIN_RECORDS = 30;
/** As files have them. */
const [CONFIRMED, REVOKED] = [1, 5];

describe('a phone whose owner’s result changes', () => {
  let dataDirectory = '';
  let simulation: Simulation;

  beforeEach(async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-revisions-'));
    const options = { platform: 'local', dataDirectory, start, random: systemRandom } as const;
    simulation = await openSimulation({
      ...options,
      ...{ timers: systemTimers, minRecords: MIN_RECORDS },
    });
    await runJobs(simulation);
  });
  afterEach(async () => {
    await simulation.close();
    rmSync(dataDirectory, { recursive: true });
  });

  async function publish(
    keys: readonly OfferedKey[],
    reportType: 'likely' | 'confirmed' | 'negative',
    revisionToken = '',
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const upload = { app: APPS.home, keys, reportType, onset: undefined, traveler: false };
    const response = await fetch(`${simulation.urls.publish}/v1/publish`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...certified(upload, simulation), revisionToken }),
    });
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    return { status: response.status, body };
  }

  /** Lets the present window be exported, and gives what phones find of the keys. */
  async function downloaded(): Promise<{
    readonly published: ReadonlySet<string>;
    readonly revised: ReadonlyMap<string, number>;
  }> {
    for (let n = 0; n < 4; n++) {
      simulation.clock.advance(2 * HOUR);
      await runJobs(simulation);
    }
    const { archives, faults } = await downloadSeries(simulation, EXPORTS[0]);
    expect([...faults, ...archives.flatMap((archive) => archive.faults)]).toEqual([]);
    const published = archives.flatMap(({ keys }) =>
      keys.map(({ data }) => Buffer.from(data).toString('base64')),
    );
    return {
      published: new Set(published),
      revised: new Map(archives.flatMap(({ revised }) => [...revised])),
    };
  }

  it('is found revised by others, among generated keys that are revised too', async () => {
    const keys = [1, 2, 3].map((days) => dayKey(simulation, days));
    const first = await publish(keys, 'likely');
    expect(first).toMatchObject({ status: 200, body: { insertedExposures: 3 } });
    const before = await downloaded();
    for (const { key } of keys) expect(before.published.has(key)).toBe(true);
    expect(before.revised.size).toBe(0);
    const token = first.body['revisionToken'] as string;
    const second = await publish(keys, 'confirmed', token);
    expect(second.status).toBe(200);
    expect(second.body).not.toHaveProperty('insertedExposures');
    const { revised } = await downloaded();
    for (const { key } of keys) expect(revised.get(key)).toBe(CONFIRMED);
    expect(revised.size).toBeGreaterThan(2 * keys.length);
    expect(await publish(keys, 'negative', token)).toMatchObject({
      ...{ status: 400, body: { code: 'key_already_revised' } },
    });
  });

  it('takes its keys back, and nobody else can', async () => {
    const [mine, other] = [[dayKey(simulation, 1)], [dayKey(simulation, 1)]];
    const token = (await publish(mine, 'likely')).body['revisionToken'] as string;
    const others = (await publish(other, 'likely')).body['revisionToken'] as string;
    await downloaded();
    expect(await publish(mine, 'negative', others)).toMatchObject({
      ...{ status: 400, body: { code: 'invalid_revision_token' } },
    });
    expect(await publish(mine, 'negative', token)).toMatchObject({ status: 200 });
    const { revised } = await downloaded();
    expect(revised.get(mine[0]!.key)).toBe(REVOKED);
    expect(revised.has(other[0]!.key)).toBe(false);
  });
});
