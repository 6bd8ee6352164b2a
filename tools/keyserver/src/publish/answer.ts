import type { OfferedKey } from '@keyserver/exposure-keys';
import { type Timers, type UnixMillis, intervalNumber, intervalStart } from '@keyserver/time';
import { type Answer, postJson } from '../post-json.ts';
import { counted, instantText, printable } from '../render.ts';

/** Sends an upload to a publish service, named by its address with or without the route. */
export const sendUpload = async (service: URL, body: string, timers: Timers): Promise<Answer> =>
  await postJson(service, { route: '/v1/publish', body, purpose: 'publish to' }, timers);

/** The server's answer to an upload as people read it, and what becomes of the keys next. */
export function renderAnswer(
  { status, body }: Answer,
  keys: readonly OfferedKey[],
  now: UnixMillis,
): string {
  const fields = Object.entries(body ?? {}).map(
    ([name, value]) => `  ${printable(name)}: ${printable(shown(name, textOf(value)))}\n`,
  );
  return [
    `Sent ${counted(keys.length, 'key')}; the server answered ${status}.\n`,
    ...fields,
    ...(status === 200 ? whatHappensNext(keys, now) : []),
  ].join('');
}

/** A token is long, and says nothing to people. */
const shown = (name: string, text: string): string =>
  name === 'revisionToken' ? `${counted(text.length, 'character')}, see --json` : text;

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function whatHappensNext(keys: readonly OfferedKey[], now: UnixMillis): readonly string[] {
  const running = keys.map(endOf).filter((end) => end > now);
  const ended = keys.length - running.length;
  return [
    ...(ended === 0
      ? []
      : [
          `Of what the server kept, ${counted(ended, 'key')} will be in the first export file made after the present window has closed.\n`,
        ]),
    ...running.map(
      (end) =>
        `One key is valid until ${instantText(end)}; no file holds it before the window after that has closed.\n`,
    ),
  ];
}

/** The first instant at which a key is not valid any more; no server gives it out earlier. */
export const endOf = ({ rollingStartNumber, rollingPeriod }: OfferedKey): UnixMillis =>
  intervalStart(intervalNumber(rollingStartNumber + rollingPeriod));
