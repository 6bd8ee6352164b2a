type None = Readonly<Record<string, never>>;

/** The events of a server that is closing. What operators do is in the audit. */
export interface LifecycleEvents {
  /** Every key is in files that are listed, and in units; the files stay for so many days. */
  'lifecycle.drained': { readonly days: number };
  /** Something has to come out again: a file left an index, or keys came from somewhere. */
  'lifecycle.not_drained': None;
  /** The files have lain there for long enough, and nobody has emptied the server: an operator must act. */
  'lifecycle.finish_due': None;
}

/** Their severities. */
export const LIFECYCLE_SEVERITY = {
  'lifecycle.drained': 'info',
  'lifecycle.not_drained': 'warning',
  'lifecycle.finish_due': 'warning',
} as const satisfies Readonly<Record<keyof LifecycleEvents, string>>;
