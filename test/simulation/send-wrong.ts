import { certified, dayKey, newAuthority } from '@keyserver/demo';
import type { Crowd } from './people.ts';
import { type PhoneAnswer, send } from './send.ts';
import type { SimulatedServer } from './server.ts';

type Upload = Readonly<Record<string, unknown>>;

/** What a server must refuse, made from an upload that it would take. */
const WRONG: Readonly<Record<string, (good: Upload) => Upload | string>> = {
  'no JSON': (good) => JSON.stringify(good).slice(1),
  'two meanings': (good) => `{"padding":"",${JSON.stringify(good).slice(1)}`,
  'a list': (good) => JSON.stringify([good]),
  'no keys': (good) => ({ ...good, temporaryExposureKeys: [] }),
  'a key too short': (good) => ({ ...good, temporaryExposureKeys: changed(good, { key: 'AA==' }) }),
  'a period too long': (good) => ({
    ...good,
    temporaryExposureKeys: changed(good, { rollingPeriod: 145 }),
  }),
  'an unknown app': (good) => ({ ...good, healthAuthorityID: 'org.example.unknown' }),
  'another MAC': (good) => ({ ...good, hmacKey: Buffer.alloc(16, 1).toString('base64') }),
  'no certificate': (good) => ({ ...good, verificationPayload: '' }),
};

const changed = ({ temporaryExposureKeys }: Upload, fields: Upload): readonly Upload[] =>
  (temporaryExposureKeys as readonly Upload[]).map((key) => ({ ...key, ...fields }));

/** The authority signs it, or one that has no right. */
const KINDS = [...Object.keys(WRONG), 'forged'];

/** Sends something wrong of a random kind, with a key that must never be seen again. */
export async function sendWrong(server: SimulatedServer, crowd: Crowd): Promise<void> {
  const { trueClock: clock, random, authority, country } = server;
  const kind = KINDS[random.below(KINDS.length)] ?? '';
  const keys = [dayKey({ clock, random }, 1)];
  for (const { key } of keys) crowd.refused.add(key);
  const trusted = kind === 'forged' ? await newAuthority(2) : authority;
  const upload = { app: country.app, onset: undefined, keys, traveler: true } as const;
  const good = certified({ ...upload, reportType: 'confirmed' }, { clock, random, trusted });
  const answer = await send(server, WRONG[kind]?.(good) ?? good);
  if (answer === undefined || isRefusal(answer)) return;
  crowd.surprises.push(`I11: an upload with ${kind} was answered with ${answer.status}`);
}

const isRefusal = ({ status, code }: PhoneAnswer): boolean =>
  status >= 400 && status < 500 && code !== '';
