import { type Country, certified, dayKey } from '@keyserver/demo';
import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { DAY, HOUR, INTERVAL, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Problem } from './invariants.ts';
import { type AnswerShape, send } from './send.ts';
import type { SimulatedServer } from './server.ts';
import { TEST_APP } from './world.ts';

/** Somebody who was tested, and what has come of it so far. */
export interface Person {
  readonly home: Country;
  readonly traveler: boolean;
  /** Whether the keys are those of an application for tests, which no partner may have. */
  readonly isTest: boolean;
  readonly keys: readonly OfferedKey[];
  /** When the server said that it has the keys; undefined while nobody was told. */
  storedAt: UnixMillis | undefined;
  /** When the person wants to take the keys back; undefined for who never does. */
  readonly takesBackAt: UnixMillis | undefined;
  /** When the server said that it has taken them back. */
  takenBackAt: UnixMillis | undefined;
  /** Whether an operator has taken back, or tried to, whatever was like these keys. Such a person takes nothing back. */
  isRecalled: boolean;
  token: string;
}

/** Everybody, and every key that a server must never have taken. */
export interface Crowd {
  readonly people: Person[];
  readonly refused: Set<string>;
  /** Keys in files that an operator has taken back, and when. */
  readonly recalled: Map<string, UnixMillis>;
  /** Tokens and certificates, none of which may ever be logged. */
  readonly secrets: Set<string>;
  /** Answers that no phone should ever get. */
  readonly surprises: Problem[];
  /** Answers to uploads that were stored, and to cover traffic at the same time. */
  readonly covers: { readonly real: AnswerShape; readonly cover: AnswerShape }[];
}

/** An empty crowd. */
export const newCrowd = (): Crowd => ({
  ...{ people: [], refused: new Set(), recalled: new Map(), secrets: new Set() },
  ...{ surprises: [], covers: [] },
});

const KEYS = 4;
const DAYS_UNTIL_TAKEN_BACK = 3;

/** A person who has just learned of a test: some with the key of today, which nobody may see before it has ended. */
export function newPerson({ country, trueClock: clock, random }: SimulatedServer): Person {
  const days = Array.from({ length: 1 + random.below(KEYS) }, (_, n) => n + 1);
  const today = random.below(4) === 0 ? [dayKey({ clock, random }, 0)] : [];
  const delay = (1 + random.below((DAYS_UNTIL_TAKEN_BACK * DAY) / HOUR)) * HOUR;
  return {
    home: country,
    traveler: random.below(3) === 0,
    isTest: random.below(8) === 0,
    keys: [...today, ...days.map((day) => dayKey({ clock, random }, day))],
    storedAt: undefined,
    takesBackAt: random.below(4) === 0 ? unixMillis(clock.now() + delay) : undefined,
    takenBackAt: undefined,
    isRecalled: false,
    token: '',
  };
}

/** When the last interval of a key has ended. */
export const endOf = ({ rollingStartNumber, rollingPeriod }: OfferedKey): UnixMillis =>
  unixMillis((rollingStartNumber + rollingPeriod) * INTERVAL);

/** Lets everybody at home send what is due. Who gets no answer, or 503, tries again at the next turn. */
export async function sendDue(server: SimulatedServer, crowd: Crowd): Promise<void> {
  const now = server.trueClock.now();
  for (const person of crowd.people.filter(({ home }) => home === server.country)) {
    const { storedAt, takenBackAt, takesBackAt = Infinity, isRecalled } = person;
    if (storedAt === undefined) await publish(server, person, crowd);
    else if (takenBackAt === undefined && takesBackAt <= now && !isRecalled)
      await takeBack(server, person, crowd);
  }
}

async function publish(server: SimulatedServer, person: Person, crowd: Crowd): Promise<void> {
  const body = bodyOf(server, person, 'likely');
  crowd.secrets.add(String(body['verificationPayload']));
  // Every fifth phone loses the first answer, and sends the same again at once.
  if (server.random.below(5) === 0) await send(server, body);
  const answer = await send(server, body);
  if (answer === undefined) return;
  const isKnown = answer.code === 'missing_revision_token';
  if (answer.status !== 200 && !isKnown) {
    crowd.surprises.push(`I12: an upload was answered with ${answer.status} ${answer.code}`);
    return;
  }
  person.storedAt = server.trueClock.now();
  person.token = answer.token;
  if (person.token === '') return;
  crowd.secrets.add(person.token);
  await sendCover(server, crowd, { body, real: answer.shape });
}

/** Sends a body as cover traffic right after it was answered as an upload. */
async function sendCover(
  server: SimulatedServer,
  crowd: Crowd,
  { body, real }: { readonly body: Parameters<typeof send>[1]; readonly real: AnswerShape },
): Promise<void> {
  const answer = await send(server, body, { 'x-chaff': '1' });
  if (answer === undefined) return;
  if (answer.status === 200) crowd.covers.push({ real, cover: answer.shape });
  else crowd.surprises.push(`I9: cover traffic was answered with ${answer.status} ${answer.code}`);
}

async function takeBack(server: SimulatedServer, person: Person, crowd: Crowd): Promise<void> {
  if (person.token === '') return; // the answer that had it was lost
  const answer = await send(server, {
    ...bodyOf(server, person, 'negative'),
    revisionToken: person.token,
  });
  if (answer === undefined) return;
  if (answer.status === 200) person.takenBackAt = server.trueClock.now();
  else crowd.surprises.push(`I12: a revision was answered with ${answer.status} ${answer.code}`);
}

const bodyOf = (
  server: SimulatedServer,
  { keys, traveler, isTest }: Person,
  reportType: CertifiedReportType,
): Readonly<Record<string, unknown>> => {
  const { trueClock: clock, random, authority: trusted, country } = server;
  const app = isTest ? TEST_APP : country.app;
  const upload = { app, onset: undefined, keys, reportType, traveler };
  return certified(upload, { clock, random, trusted });
};
