import type { OfferedKey } from '@keyserver/exposure-keys';
import { MINUTE } from '@keyserver/time';
import { type Check, check } from './checks.ts';
import { APPS } from './configuration.ts';
import { runJobs } from './jobs.ts';
import { type Ledger, promiseOf } from './ledger.ts';
import {
  type Answer,
  type Phone,
  type Upload,
  certified,
  dayKey,
  makePhone,
  send,
} from './phones.ts';
import { REFUSALS, type Refusal } from './refusals.ts';
import type { Simulation } from './simulation.ts';

/** So many phones upload at the same time. */
const AT_ONCE = 16;

/** Time between two groups of phones: a round of 200 goes on for hours. */
const PAUSE = 25 * MINUTE;

/** Phones upload in groups while the jobs go on; each key is entered in the ledger as it must turn out. */
export async function uploadAll(
  simulation: Simulation,
  ledger: Ledger,
  options: { readonly phones: number; readonly progress: (done: number) => void },
): Promise<Check> {
  const notes: string[] = [];
  for (let done = 0; done < options.phones; done += AT_ONCE) {
    simulation.clock.advance(PAUSE);
    const group = Array.from(
      { length: Math.min(AT_ONCE, options.phones - done) },
      (_, n) => done + n,
    );
    const uploads = group.map(
      async (n) => await uploadOne(makePhone(n, simulation), simulation, ledger),
    );
    const [answers] = await Promise.all([Promise.all(uploads), runJobs(simulation)]);
    notes.push(...answers.filter((note) => note !== undefined));
    options.progress(done + group.length);
  }
  const found = options.phones - notes.length;
  return check('uploads answered as they should be', { expected: options.phones, found }, notes);
}

async function uploadOne(
  { upload, tooOld }: Phone,
  simulation: Simulation,
  ledger: Ledger,
): Promise<string | undefined> {
  const now = simulation.clock.now();
  const taken = upload.keys.filter((key) => !tooOld.includes(key));
  const published = upload.reportType === 'negative' ? [] : taken;
  for (const { key } of upload.keys) ledger.forbidden.add(key);
  for (const key of published) {
    ledger.forbidden.delete(key.key);
    ledger.promised.set(key.key, promiseOf(key, upload, now));
  }
  const code = tooOld.length === 0 ? '' : 'partial_failure';
  const answer = await send(simulation, JSON.stringify(certified(upload, simulation)));
  return difference('an upload', answer, { status: 200, code, inserted: published.length });
}

/** Sends one upload for each reason to refuse one. None of these may lead to a published key. */
export async function tryRefusals(simulation: Simulation, ledger: Ledger): Promise<Check> {
  const published = ordinaryUpload([dayKey(simulation, 1), dayKey(simulation, 2)]);
  const notes = [await uploadOne({ upload: published, tooOld: [] }, simulation, ledger)];
  for (const refusal of REFUSALS)
    notes.push(await tryRefusal(refusal, published, simulation, ledger));
  const wrong = notes.filter((note) => note !== undefined);
  const expected = REFUSALS.length;
  const found = expected - wrong.length;
  return check('bad uploads refused with their own code', { expected, found }, wrong);
}

async function tryRefusal(
  refusal: Refusal,
  published: Upload,
  simulation: Simulation,
  ledger: Ledger,
): Promise<string | undefined> {
  const { what, status, code, http } = refusal;
  const ordinary = [dayKey(simulation, 1), dayKey(simulation, 2)];
  const keys = refusal.keys?.(simulation, published.keys) ?? ordinary;
  for (const { key } of keys) if (!ledger.promised.has(key)) ledger.forbidden.add(key);
  const answer = await send(simulation, bodyOf(refusal, keys, simulation), http);
  return difference(what, answer, { status, code, inserted: 0 });
}

/** Of another report type than the upload before, so that keys which are sent again would show it. */
function bodyOf(
  { certificate, change, text, http }: Refusal,
  keys: readonly OfferedKey[],
  simulation: Simulation,
): string | undefined {
  if (http?.method === 'GET') return undefined; // cannot have a body
  const upload = { ...ordinaryUpload(keys), reportType: 'likely' } as const;
  const wire = certified(upload, simulation, certificate?.(simulation));
  const json = JSON.stringify(change?.(wire) ?? wire);
  return text?.(json) ?? json;
}

const ordinaryUpload = (keys: readonly OfferedKey[]): Upload => ({
  app: APPS.home,
  keys,
  reportType: 'confirmed',
  onset: undefined,
  traveler: false,
});

function difference(what: string, answer: Answer, expected: Answer): string | undefined {
  const [got, wanted] = [told(answer), told(expected)];
  return got === wanted ? undefined : `${what} was answered with ${got} instead of ${wanted}`;
}

const told = ({ status, code, inserted }: Answer): string =>
  `${status}${code === '' ? '' : ` ${code}`} and ${inserted} keys`;
