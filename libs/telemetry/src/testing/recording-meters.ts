import type { Meters } from '../instruments.ts';

/** Meters that remember what they were told, one sentence for each figure. */
export interface RecordingMeters {
  readonly meters: Meters;
  /** What was told, as in `keyserver_job_runs_total job_name=do-work outcome=done: 1`. */
  readonly told: readonly string[];
}

/** Meters for a test to look at. */
export function recordingMeters(): RecordingMeters {
  const told: string[] = [];
  const tell = (name: string, labels: object, value: number): void => {
    const pairs = Object.entries(labels).map(([label, word]) => ` ${label}=${String(word)}`);
    told.push(`${name}${pairs.join('')}: ${value}`);
  };
  return {
    told,
    meters: {
      add: (name, labels, by = 1) => {
        tell(name, labels, by);
      },
      observe: (name, labels, value) => {
        tell(name, labels, value);
      },
    },
  };
}
