import { type TextStream, attemptOn, eventLine, faultTrail, lineOutput } from '@keyserver/log';
import type { Clock, Timers } from '@keyserver/time';

/** Shows lines to whoever started the launcher. */
export interface Screen {
  readonly print: (line: string) => void;
  readonly close: () => void;
}

/** A screen that may go away, as a terminal does that is closed or a reader such as `head`; `note` takes the event of it. */
export function openScreen(of: {
  readonly stream: TextStream;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly note: (line: string) => void;
}): Screen {
  const { stream, clock, timers, note } = of;
  const launcher = { service: 'launcher', clock } as const;
  const event = { log: 'launcher', output: 'screen' } as const;
  const output = lineOutput({
    timers,
    attempt: attemptOn(stream),
    onLoss: (fault) => {
      note(eventLine(launcher, 'log.unwritable', { ...event, causes: faultTrail(fault) }));
    },
    onRecovery: (lost) => {
      note(eventLine(launcher, 'log.writable', { ...event, lost }));
    },
    lossLine: (lost) => `${lost} lines could not be shown here. They are in the files in logs/.\n`,
  });
  return {
    close: output.close,
    print: (line) => {
      output.write(`${line}\n`);
    },
  };
}
