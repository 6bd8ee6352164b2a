import type { OfferedKey } from '@keyserver/exposure-keys';
import { type UnixMillis, intervalNumber, intervalStart } from '@keyserver/time';
import { printable } from '../printable.ts';
import type { Answer } from './send-upload.ts';
import { counted } from '../table.ts';
import { instantText } from '../time-text.ts';

/** The server's answer to an upload as people read it, and what becomes of the keys next. */
export function renderAnswer(
  { status, body }: Answer,
  keys: readonly OfferedKey[],
  now: UnixMillis,
): string {
  const fields = Object.entries(body ?? {}).map(
    ([name, value]) => `  ${printable(name)}: ${printable(textOf(value))}\n`,
  );
  return [
    `Sent ${counted(keys.length, 'key')}; the server answered ${status}.\n`,
    ...fields,
    ...(status === 200 ? whatHappensNext(keys, now) : []),
  ].join('');
}

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
