import { execFileSync } from 'node:child_process';

/** Named figures of one benchmark, some of them in groups. */
export type Figures = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** A benchmark: measures for some seconds, tells what it is doing, gives its figures. */
export type Measure = (options: {
  readonly keys: number | undefined;
  /** Less of everything, for a first look. */
  readonly quick: boolean;
  readonly say: (line: string) => void;
}) => Promise<Figures>;

/** The middle one of some figures. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The memory that a process has in use, MiB. */
export const residentMib = (pid: number): number =>
  Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024);
