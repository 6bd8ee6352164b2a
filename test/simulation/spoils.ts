import { INTERVAL } from '@keyserver/time';
import type { Evidence, ServerEvidence } from './evidence.ts';
import type { Invariant } from './invariants.ts';
import type { SeenArchive } from './observe.ts';
import type { Crowd, Person } from './people.ts';

/** Makes of good evidence one in which something is wrong. */
type Spoil = (good: Evidence) => Evidence;

const atFirst =
  (change: (one: ServerEvidence) => Partial<ServerEvidence>): Spoil =>
  (good) => ({
    ...good,
    servers: good.servers.map((one, n) => (n === 0 ? { ...one, ...change(one) } : one)),
  });

const inFiles = (change: (archive: SeenArchive, n: number) => Partial<SeenArchive>): Spoil =>
  atFirst(({ glimpse }) => {
    const archives = glimpse.archives.map((one, n) => ({ ...one, ...change(one, n) }));
    return { glimpse: { ...glimpse, archives } };
  });

const inCrowd =
  (change: (crowd: Crowd, good: Evidence) => Partial<Crowd>): Spoil =>
  (good) => ({ ...good, crowd: { ...good.crowd, ...change(good.crowd, good) } });

const ofPeople = (change: (person: Person) => Partial<Person>): Spoil =>
  inCrowd(({ people }) => ({ people: people.map((one) => ({ ...one, ...change(one) })) }));

/** A key of the people of the first server that its files list, and that nobody takes back. */
function aListedKey({ servers: [first], crowd }: Evidence): string {
  const listed = new Set(first!.glimpse.archives.flatMap(({ keys }) => keys));
  const person = crowd.people.find(
    ({ home, keys, takesBackAt, isRecalled }) =>
      home === first!.server.country &&
      takesBackAt === undefined &&
      !isRecalled &&
      keys.some(({ key }) => listed.has(key)),
  );
  return person!.keys.find(({ key }) => listed.has(key))!.key;
}

const withLine = (line: (good: Evidence) => string): Spoil => {
  return (good) => atFirst(({ log }) => ({ log: [...log, `{"message":"${line(good)}"}`] }))(good);
};

const givenKeys = (change: (good: Evidence) => readonly string[]): Spoil => {
  return (good) =>
    atFirst(({ given }) => ({ given: given.map((one) => ({ ...one, keys: change(good) })) }))(good);
};

const expired: Spoil = atFirst(({ contents, glimpse }) => ({
  contents: contents.map((one) =>
    one.name === 'keyBatches' ? { ...one, expiries: [0, ...one.expiries] } : one,
  ),
  glimpse,
}));

/** For each invariant, evidence that it was broken must be noticed, whatever else it breaks. */
export const SPOILS: Readonly<Record<Invariant, Readonly<Record<string, Spoil>>>> = {
  I1: {
    'keys are in no file': inFiles(() => ({ keys: [] })),
    'a key is in two files': (good) =>
      inFiles(({ keys }) => ({ keys: [...new Set([...keys, aListedKey(good)])] }))(good),
    'a file left the index': atFirst(({ memory, glimpse }) => ({
      memory: { ...memory, listed: [`v1/${glimpse.now / 1000}-0-00001.zip`, ...memory.listed] },
    })),
  },
  I2: {
    'a key is listed that phones still use': (good) =>
      ofPeople(({ keys }) => ({
        keys: keys.map((key) => ({
          ...key,
          rollingStartNumber: Math.floor(good.servers[0]!.glimpse.now / INTERVAL),
        })),
      }))(good),
    'a partner has a key that phones still use': atFirst(({ given }) => ({
      given: given.map((one) => ({ ...one, latestEnd: one.now + 1 })),
    })),
  },
  I3: { 'a file has an order of its own': inFiles(() => ({ order: 'none' })) },
  I4: {
    'nobody has taken a key back': (good) =>
      inFiles((_, n) => (n === 0 ? { revised: new Map([[aListedKey(good), 5]]) } : {}))(good),
    'a key is taken back twice': (good) =>
      inFiles((_, n) => (n < 2 ? { revised: new Map([[aListedKey(good), 5]]) } : {}))(good),
    'a key is not taken back': inFiles(() => ({ revised: new Map() })),
  },
  I5: {
    'people did not travel': ofPeople(() => ({ traveler: false })),
    'people are those of other countries': (good) =>
      ofPeople(() => ({ home: good.servers[1]!.server.country }))(good),
    'a key is that of nobody': givenKeys(() => ['AAAA']),
    'a token for somebody else is taken': atFirst(({ given }) => ({
      given: given.map((one) => ({ ...one, refusal: undefined })),
    })),
  },
  I6: {
    'a file has another content': inFiles(() => ({ digest: 'another' })),
    'a file is not there': inFiles(() => ({ faults: ['it is listed and not there'] })),
  },
  I7: {
    'the index changes': atFirst(({ again }) => ({ again: again.slice(1) })),
    'a file comes back': atFirst(({ memory, glimpse }) => ({
      memory: { ...memory, unlisted: new Map([[glimpse.archives.at(-1)!.name, 0]]) },
    })),
  },
  I8: {
    'a key is logged': withLine(aListedKey),
    'a key is logged in hex': withLine((good) =>
      Buffer.from(aListedKey(good), 'base64').toString('hex'),
    ),
    'a secret is logged': withLine(({ crowd }) => `got ${[...crowd.secrets].at(-1)!}`),
  },
  I9: {
    'a header is missing': inCrowd(({ covers }) => ({
      covers: covers.map((one) => ({ ...one, cover: { ...one.cover, headers: ['date'] } })),
    })),
    'an answer is short': inCrowd(({ covers }) => ({
      covers: covers.map((one) => ({ ...one, cover: { ...one.cover, bytes: 20 } })),
    })),
  },
  I10: {
    'a document has expired': expired,
    'a collection grows': atFirst(({ contents }) => ({
      contents: [...contents, { name: 'pauses', documents: 1, expiries: [], hours: [] }],
    })),
    'a collection is unknown': atFirst(({ contents }) => ({
      contents: [...contents, { name: 'another', documents: 1, expiries: [1], hours: [] }],
    })),
    'a file is still there': atFirst(() => ({ leftBehind: ['a.zip'] })),
    'a file is still listed': atFirst(({ glimpse }) => ({
      glimpse: { ...glimpse, now: (glimpse.now + 2e9) as typeof glimpse.now },
    })),
    'a partner has an old key': (good) =>
      givenKeys(() => [aListedKey(good)])(
        ofPeople(({ takenBackAt }) => ({ storedAt: 0 as Person['storedAt'], takenBackAt }))(good),
      ),
  },
  I11: {
    'a key is listed that was refused': inCrowd(({ people }, good) => ({
      refused: new Set([aListedKey(good)]),
      people: people.filter(({ keys }) => !keys.some(({ key }) => key === aListedKey(good))),
    })),
  },
  I12: {
    'a service is not well': atFirst(({ health }) => ({
      health: health.map((one) => ({ ...one, status: 503 })),
    })),
    'a service is not there': atFirst(() => ({ health: [] })),
    'a service is well whatever its clock shows': atFirst(() => ({
      doubt: [{ part: 'publish', status: 200, body: '' }],
    })),
    'a partner is refused': atFirst(({ given }) => ({
      given: given.map((one) => ({ ...one, fault: 'away' })),
    })),
  },
};
