import { anExport, hour } from '@keyserver/export/testing';
import { keyHex } from '@keyserver/exposure-keys';
import { publishKeys } from '@keyserver/publish/testing';
import type { Random } from '@keyserver/random';
import { HOUR, MINUTE, unixMillis } from '@keyserver/time';
import { auc } from './auc.ts';
import { APPS, drawHabit, drawUpload } from './population.ts';
import { type SimulatedServer, openSimulatedServer, requestOf } from './simulated-server.ts';
import type { SeenKey } from './seen-file.ts';
import { FLOOR } from './simulate-files.ts';

const PEOPLE = 40;

/**
 * How well the time until a known key is refused tells whether it is a real one or a generated one. Keys are sent one by one
 * through the publish use case, of both sorts so many. They take turns, and which of them comes first is drawn for each pair, so
 * that whatever else the machine does befalls both alike.
 */
export async function timeRefusals(count: number, random: Random): Promise<number> {
  const server = await openSimulatedServer(random);
  const known = await publishedKeys(server, random);
  const times = { real: [] as number[], generated: [] as number[] };
  const warmUp = Math.ceil(count / 10);
  for (let n = -warmUp; n < count; n++)
    for (const which of turns(random)) {
      const key = known[which][random.below(known[which].length)]!;
      const nanoseconds = await timeOf(server, key);
      if (n >= 0) times[which].push(nanoseconds);
    }
  const told = auc(times.real, times.generated);
  return Math.max(told, 1 - told);
}

const turns = (random: Random): readonly ('real' | 'generated')[] =>
  random.below(2) === 0 ? ['real', 'generated'] : ['generated', 'real'];

/** Lets people publish and a batch be padded, and gives the keys of its files. */
async function publishedKeys(
  server: SimulatedServer,
  random: Random,
): Promise<{ readonly real: SeenKey[]; readonly generated: SeenKey[] }> {
  const { fixture } = server;
  const config = anExport({ minRecords: FLOOR, maxRecords: 10 * FLOOR, from: hour(12) });
  await fixture.configure(config);
  const own = new Set<string>();
  for (let n = 0; n < PEOPLE; n++) {
    const upload = drawUpload(fixture.clock.now(), drawHabit(random), random);
    if (!(await server.publish(upload))) continue;
    for (const { key } of upload.keys) own.add(keyHex(Buffer.from(key, 'base64')));
  }
  fixture.clock.set(unixMillis(fixture.clock.now() + HOUR + 10 * MINUTE));
  await fixture.run();
  const keys = (await server.readBatches(config)).flatMap((batch) => batch.keys);
  const isReal = ({ data }: SeenKey): boolean => own.has(keyHex(data));
  const generated = keys.filter((key) => !isReal(key));
  if (generated.length === 0) throw new Error('nothing was padded');
  return { real: keys.filter(isReal), generated };
}

async function timeOf({ publishDeps }: SimulatedServer, key: SeenKey): Promise<number> {
  const request = requestOf({
    ...{ app: APPS[0]!, reportType: 'confirmed', onset: 0, traveler: false },
    keys: [
      {
        key: Buffer.from(key.data).toString('base64'),
        ...{ rollingStartNumber: key.start, rollingPeriod: key.period, transmissionRisk: key.risk },
      },
    ],
  });
  const before = process.hrtime.bigint();
  const outcome = await publishKeys(request, publishDeps);
  const nanoseconds = Number(process.hrtime.bigint() - before);
  if (outcome.kind !== 'refused' || outcome.code !== 'missing_revision_token')
    throw new Error(`a known key was not refused as such: ${JSON.stringify(outcome)}`);
  return nanoseconds;
}
