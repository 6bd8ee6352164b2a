/** Another run has the right to do this job: nothing was done, and nothing is wrong. */
export interface TooEarly {
  readonly kind: 'too_early';
}

/** What a run of a job did. Work that is left is done by the next run. */
export interface Done {
  readonly kind: 'done';
  readonly done: number;
  readonly left: number;
}

/** A run of a job in which something went wrong; what was done stays done. */
export interface Failed {
  readonly kind: 'failed';
  readonly done: number;
  readonly left: number;
  /** Fixed sentences, which may name configured ids. They leave the server. */
  readonly problems: readonly string[];
}

/** What the work of a job reports. */
export type JobReport = Done | TooEarly | Failed;

/** The report of a run that looked, and had nothing to do. */
export const NOTHING_TO_DO: JobReport = { kind: 'done', done: 0, left: 0 };

/** What a job answers to whoever started it. */
export interface JobAnswer {
  readonly status: 200 | 500;
  /** JSON. */
  readonly body: string;
}

/** A report as the scheduler reads it: only a failure may be retried, so a job that is merely early answers 200. */
export function jobAnswer(report: JobReport): JobAnswer {
  switch (report.kind) {
    case 'done': {
      const left = report.left > 0 ? { left: report.left } : {};
      return { status: 200, body: JSON.stringify({ ok: true, ...left }) };
    }
    case 'too_early':
      return { status: 200, body: '{"error":"too early"}' };
    case 'failed':
      return { status: 500, body: JSON.stringify({ errors: report.problems }) };
  }
}
