import { type Country, certified, dayKey, newAuthority } from '@keyserver/demo';
import type { CertifiedReportType, OfferedKey } from '@keyserver/exposure-keys';
import { DAY, HOUR, INTERVAL, type UnixMillis, unixMillis } from '@keyserver/time';
import { TEST_APP } from './world.ts';
import type { SimulatedServer } from './server.ts';

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
  token: string;
}

/** Everybody, and every key that a server must never have taken. */
export interface Crowd {
  readonly people: Person[];
  readonly refused: Set<string>;
  /** Answers that no phone should ever get. */
  readonly surprises: string[];
}

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
    if (person.storedAt === undefined) await publish(server, person, crowd);
    else if (
      person.takenBackAt === undefined &&
      person.takesBackAt !== undefined &&
      person.takesBackAt <= now
    )
      await takeBack(server, person, crowd);
  }
}

async function publish(server: SimulatedServer, person: Person, crowd: Crowd): Promise<void> {
  const body = bodyOf(server, person, 'likely');
  // Every fifth phone loses the first answer, and sends the same again at once.
  if (server.random.below(5) === 0) await send(server, body);
  const answer = await send(server, body);
  if (answer === undefined || answer.status === 503) return;
  const [now, known] = [server.trueClock.now(), answer.code === 'missing_revision_token'];
  if (answer.status === 200 || known) {
    person.storedAt = now;
    person.token = answer.token;
  } else {
    crowd.surprises.push(`an upload was answered with ${answer.status} ${answer.code}`);
  }
}

async function takeBack(server: SimulatedServer, person: Person, crowd: Crowd): Promise<void> {
  if (person.token === '') return; // the answer that had it was lost
  const answer = await send(server, {
    ...bodyOf(server, person, 'negative'),
    revisionToken: person.token,
  });
  if (answer === undefined || answer.status === 503) return;
  if (answer.status === 200) person.takenBackAt = server.trueClock.now();
  else crowd.surprises.push(`a revision was answered with ${answer.status} ${answer.code}`);
}

/** Sends what a server must refuse: keys that an authority without a right has certified. */
export async function sendForged(server: SimulatedServer, crowd: Crowd): Promise<void> {
  const { trueClock: clock, random } = server;
  const keys = [dayKey({ clock, random }, 1)];
  for (const { key } of keys) crowd.refused.add(key);
  const upload = { ...ordinary(server), keys, reportType: 'confirmed' as const, traveler: true };
  const answer = await send(
    server,
    certified(upload, { clock, random, trusted: await newAuthority(2) }),
  );
  if (answer !== undefined && answer.status < 400)
    crowd.surprises.push(`a forged upload was answered with ${answer.status}`);
}

const ordinary = ({ country }: SimulatedServer) => ({ app: country.app, onset: undefined });

const bodyOf = (
  server: SimulatedServer,
  { keys, traveler, isTest }: Person,
  reportType: CertifiedReportType,
): Readonly<Record<string, unknown>> => {
  const { trueClock: clock, random, authority: trusted, country } = server;
  const upload = {
    app: isTest ? TEST_APP : country.app,
    onset: undefined,
    keys,
    reportType,
    traveler,
  };
  return certified(upload, { clock, random, trusted });
};

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly token: string;
}

/** The answer to a body; undefined when nobody is there. */
async function send(
  server: SimulatedServer,
  body: Readonly<Record<string, unknown>>,
): Promise<Answer | undefined> {
  const url = server.urlOf('publish');
  if (url === undefined) return undefined;
  const response = await fetch(`${url}/v1/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { code = '', revisionToken: token = '' } = (await response.json()) as Partial<
    Record<string, string>
  >;
  return { status: response.status, code, token };
}
