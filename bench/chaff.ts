import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { shuffle, systemRandom } from '@keyserver/random';
import { aucDeviation } from '../test/privacy/padding/auc.ts';
import { ProbeConnection, type SeenAnswer } from './answer-probe.ts';
import {
  KINDS,
  type Kind,
  type KnownKeys,
  requestMaker,
  storeKnownKeys,
} from './answer-requests.ts';
import type { Figures, Measure } from './figures.ts';
import { startPublishProcess } from './publish-process.ts';
import { type Authority, fill, newAuthority } from './publish.ts';
import { tellAnswers } from './tell-answers.ts';

const SAMPLES = 10_000;
const QUICK_SAMPLES = 500;
const WARM = 300;
/** Requests of each kind that are made before they are sent, in random order. */
const AT_ONCE = 250;
const KNOWN = 300;
const STORED_KEYS = 14_000;

/** How a service is watched: one after the other, and while others upload. */
const QUIET = { connections: 1, backgroundPerSecond: 0 };
const LOADED = { connections: 4, backgroundPerSecond: 150 };
type Scene = typeof QUIET;
/** Uploads in the background that wait for their answers at the same time. */
const MOST_AT_ONCE = 32;

const STATUS: Readonly<Record<Kind, number>> = {
  accepted: 200,
  control: 200,
  cover: 200,
  wrongCertificate: 401,
  knownReal: 400,
  knownGenerated: 400,
};

/**
 * Whether an observer of ciphertext tells answers apart, by length and time: of a compiled service over HTTP, against uploads
 * that are taken. `control` are such uploads themselves, so it shows what chance alone gives.
 */
export const measureChaff: Measure = async ({ quick, samples: asked, say }) => {
  const samples = sampleCount(asked ?? (quick ? QUICK_SAMPLES : SAMPLES));
  const directory = mkdtempSync(join(tmpdir(), 'keyserver-chaff-'));
  const dataDirectory = join(directory, 'data');
  try {
    const authority = newAuthority();
    await fill(dataDirectory, authority, STORED_KEYS);
    const known = await storeKnownKeys(dataDirectory, authority, KNOWN);
    const service = await startPublishProcess(dataDirectory, undefined);
    const watch = { port: service.port, authority, known, say };
    try {
      await watchAnswers(watch, QUIET, WARM);
      const quiet = await watchAnswers(watch, QUIET, samples);
      const loaded = await watchAnswers(watch, LOADED, samples);
      return {
        samples,
        deviation: rounded(aucDeviation(samples / 2, samples / 2)), // half of them are tried on
        machineLoad: rounded(loadavg()[1] ?? 0),
        ...told('quiet', quiet),
        ...told('loaded', loaded),
      };
    } finally {
      await service.end('SIGTERM');
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
};

/** So many, in whole portions; one portion leaves too few to learn from and to try on. */
function sampleCount(asked: number): number {
  if (!(asked >= 2 * AT_ONCE)) throw new Error(`--samples is a number from ${2 * AT_ONCE} on`);
  return Math.ceil(asked / AT_ONCE) * AT_ONCE;
}

interface Watch {
  readonly port: number;
  readonly authority: Authority;
  readonly known: KnownKeys;
  readonly say: (line: string) => void;
}

type Answers = Readonly<Record<Kind, SeenAnswer[]>>;

interface Seen {
  readonly answers: Answers;
  readonly seconds: number;
}

/** Sends so many requests of each kind, in random order, and gives what was seen of their answers. */
async function watchAnswers(watch: Watch, scene: Scene, samples: number): Promise<Seen> {
  const make = requestMaker(watch.authority, watch.known);
  const started = performance.now();
  const seen: Answers = {
    ...{ accepted: [], control: [], cover: [] },
    ...{ wrongCertificate: [], knownReal: [], knownGenerated: [] },
  };
  const connections = Array.from(
    { length: scene.connections },
    () => new ProbeConnection(watch.port),
  );
  const stop = uploadInBackground(watch, scene.backgroundPerSecond);
  for (let done = 0; done < samples; done += AT_ONCE) {
    const due = shuffle(
      KINDS.flatMap((kind) =>
        Array.from({ length: AT_ONCE }, () => ({ kind, request: make(kind) })),
      ),
      systemRandom,
    );
    const send = async (connection: ProbeConnection): Promise<void> => {
      for (let next = due.pop(); next !== undefined; next = due.pop()) {
        await anyMoment();
        const answer = await connection.send(next.request);
        if (answer.status !== STATUS[next.kind])
          throw new Error(`${next.kind} was answered ${answer.status}`);
        seen[next.kind].push(answer);
      }
    };
    await Promise.all(connections.map(send));
    const passed = Math.round((performance.now() - started) / 1000);
    watch.say(`${done + AT_ONCE} of ${samples} of each kind after ${passed} s`);
  }
  await stop();
  for (const connection of connections) connection.close();
  return { answers: seen, seconds: (performance.now() - started) / 1000 };
}

/** Longer than the ticks on which answers leave, ms. */
const LONGEST_PAUSE = 8;

/** Waits until a moment that has nothing to do with the last answer: phones send when they send. To the microsecond, as timers are not. */
async function anyMoment(): Promise<void> {
  const moment = performance.now() + LONGEST_PAUSE * Math.random();
  await new Promise((resolve) =>
    setTimeout(resolve, Math.max(0, Math.floor(moment - performance.now()))),
  );
  while (performance.now() < moment);
}

/** Uploads at random moments, so many a second on average, unless too many wait for their answers; gives what ends it. */
function uploadInBackground(watch: Watch, perSecond: number): () => Promise<void> {
  if (perSecond === 0) return nothing;
  const make = requestMaker(watch.authority, watch.known);
  const [idle, busy] = [[] as ProbeConnection[], new Set<Promise<void>>()];
  let timer: NodeJS.Timeout | undefined;
  const upload = async (): Promise<void> => {
    const connection = idle.pop() ?? new ProbeConnection(watch.port);
    await connection.send(make('accepted'));
    idle.push(connection);
  };
  const uploadLater = (): void => {
    const pause = (-1000 / perSecond) * Math.log(1 - Math.random());
    timer = setTimeout(() => {
      uploadLater();
      if (busy.size >= MOST_AT_ONCE) return;
      const uploading = upload().finally(() => {
        busy.delete(uploading);
      });
      busy.add(uploading);
    }, pause);
  };
  uploadLater();
  return async () => {
    clearTimeout(timer);
    await Promise.all(busy);
    for (const connection of idle) connection.close();
  };
}

const nothing = async (): Promise<void> => {
  await Promise.resolve();
};

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** How well each kind is told from uploads that are taken, and the times of all. */
function told(scene: string, { answers, seconds }: Seen): Figures {
  const against = (name: string, one: Kind, other: Kind): readonly [string, number] => [
    `auc${name}`,
    tellAnswers(answers[one], answers[other]),
  ];
  const entries = [
    against('Control', 'accepted', 'control'),
    against('Cover', 'accepted', 'cover'),
    against('WrongCertificate', 'accepted', 'wrongCertificate'),
    against('KnownReal', 'accepted', 'knownReal'),
    against('KnownGenerated', 'accepted', 'knownGenerated'),
    against('RealOrGenerated', 'knownReal', 'knownGenerated'),
    ...KINDS.flatMap((kind) => timesOf(kind, answers[kind])),
    ['seconds', seconds] as const,
  ];
  return { [scene]: Object.fromEntries(entries.map(([name, value]) => [name, rounded(value)])) };
}

/** The times of a kind of which a tenth, half and nine tenths lie below, ms. */
function timesOf(kind: Kind, seen: readonly SeenAnswer[]): readonly (readonly [string, number])[] {
  const sorted = seen.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return [10, 50, 90].map((percent) => [
    `${kind}P${percent}Ms`,
    sorted[Math.floor((percent / 100) * sorted.length)] ?? 0,
  ]);
}
