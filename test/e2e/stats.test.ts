import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APPS, certified, dayKey, openSimulation, runJobs } from '@keyserver/demo';
import { issueStatsToken } from '@keyserver/health-authority';
import { systemRandom } from '@keyserver/random';
import { HOUR, MINUTE, secondsOf, systemTimers, unixMillis } from '@keyserver/time';

const EVENING = unixMillis(Date.parse('2024-05-20T21:30:00Z'));
const UPLOADS = 10;

it('an authority reads the uploads of a day after it is over, folded by the cleanup service', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-stats-'));
  const simulation = await openSimulation({
    ...{ platform: 'local', dataDirectory, start: EVENING, random: systemRandom },
    ...{ timers: systemTimers, minRecords: 0 },
  });
  try {
    const { trusted, clock, urls } = simulation;
    const ask = async (): Promise<unknown> => {
      const { privateKey, kid, issuer } = trusted;
      const issuedAt = secondsOf(clock.now());
      const token = issueStatsToken({ privateKey, kid, issuer, issuedAt, lifetimeSeconds: 60 });
      const response = await fetch(`${urls.publish}/v1/stats`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '{}',
      });
      const { days } = (await response.json()) as { days?: unknown };
      return [response.status, days];
    };
    await runJobs(simulation); // makes the data key of revision tokens
    for (let n = 0; n < UPLOADS; n += 1) {
      const keys = [1, 2].map((days) => dayKey(simulation, days));
      const upload = { app: APPS.home, keys, reportType: 'confirmed', onset: undefined } as const;
      const response = await fetch(`${urls.publish}/v1/publish`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'Android' },
        body: JSON.stringify(certified({ ...upload, traveler: false }, simulation)),
      });
      expect(response.status).toBe(200);
    }
    clock.advance(2 * HOUR);
    await runJobs(simulation);
    expect(await ask()).toEqual([200, undefined]); // the day goes on
    clock.advance(HOUR + MINUTE);
    await runJobs(simulation);
    expect(await ask()).toEqual([
      200,
      [
        {
          day: '2024-05-20T00:00:00Z',
          publish_requests: { unknown: 0, android: UPLOADS, ios: 0 },
          total_teks_published: 2 * UPLOADS,
          requests_with_revisions: 0,
          tek_age_distribution: Array.from({ length: 16 }, (_, n) => (n === 2 ? UPLOADS : 0)),
          onset_to_upload_distribution: Array.from({ length: 30 }, () => 0),
          requests_missing_onset_date: UPLOADS,
        },
      ],
    ]);
  } finally {
    await simulation.close();
    rmSync(dataDirectory, { recursive: true });
  }
});
