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

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Downloaded {
  readonly published: ReadonlySet<string>;
  readonly revised: ReadonlyMap<string, number>;
}

describe('a phone whose owner’s result changes', () => {
  let dataDirectory = '';
  let simulation: Simulation;

  /** Three keys of one phone that are confirmed, one that its owner takes back, and one of somebody else. */
  const people: Record<'confirmed' | 'mine' | 'other', readonly OfferedKey[]> = {
    ...{ confirmed: [], mine: [], other: [] },
  };
  const tokens: Record<keyof typeof people, string> = { confirmed: '', mine: '', other: '' };
  const answers: Partial<Record<'stranger' | 'confirmed' | 'takenBack', Answer>> & {
    readonly first: Partial<Record<keyof typeof people, Answer>>;
  } = { first: {} };
  let before: Downloaded;
  let after: Downloaded;

  beforeAll(async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-revisions-'));
    const options = { platform: 'local', dataDirectory, start, random: systemRandom } as const;
    simulation = await openSimulation({
      ...options,
      ...{ timers: systemTimers, minRecords: MIN_RECORDS },
    });
    await runJobs(simulation);
    people.confirmed = [1, 2, 3].map((days) => dayKey(simulation, days));
    [people.mine, people.other] = [[dayKey(simulation, 1)], [dayKey(simulation, 1)]];
    for (const who of ['confirmed', 'mine', 'other'] as const) {
      answers.first[who] = await publish(people[who], 'likely');
      tokens[who] = answers.first[who].body['revisionToken'] as string;
    }
    before = await downloaded();
    answers.stranger = await publish(people.mine, 'negative', tokens.other);
    answers.confirmed = await publish(people.confirmed, 'confirmed', tokens.confirmed);
    answers.takenBack = await publish(people.mine, 'negative', tokens.mine);
    after = await downloaded();
  });
  afterAll(async () => {
    await simulation.close();
    rmSync(dataDirectory, { recursive: true });
  });

  async function publish(
    keys: readonly OfferedKey[],
    reportType: 'likely' | 'confirmed' | 'negative',
    revisionToken = '',
  ): Promise<Answer> {
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
  async function downloaded(): Promise<Downloaded> {
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
    expect(answers.first.confirmed).toMatchObject({ status: 200, body: { insertedExposures: 3 } });
    for (const { key } of people.confirmed) expect(before.published.has(key)).toBe(true);
    expect(before.revised.size).toBe(0);
    expect(answers.confirmed?.status).toBe(200);
    expect(answers.confirmed?.body).not.toHaveProperty('insertedExposures');
    for (const { key } of people.confirmed) expect(after.revised.get(key)).toBe(CONFIRMED);
    expect(after.revised.size).toBeGreaterThan(2 * (people.confirmed.length + 1));
    expect(await publish(people.confirmed, 'negative', tokens.confirmed)).toMatchObject({
      ...{ status: 400, body: { code: 'key_already_revised' } },
    });
  });

  it('takes its keys back, and nobody else can', () => {
    const [mine, other] = [people.mine[0]!.key, people.other[0]!.key];
    expect(before.published.has(mine)).toBe(true);
    expect(answers.stranger).toMatchObject({
      ...{ status: 400, body: { code: 'invalid_revision_token' } },
    });
    expect(answers.takenBack?.status).toBe(200);
    expect(after.revised.get(mine)).toBe(REVOKED);
    expect(after.revised.has(other)).toBe(false);
  });
});
