import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Named figures of one benchmark, some of them in groups. */
export type Figures = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** A benchmark: measures for some seconds, tells what it is doing, gives its figures. */
export type Measure = (options: {
  readonly keys: number | undefined;
  /** How many of them at most lie in one window. */
  readonly windowKeys: number | undefined;
  /** Less of everything, for a first look. */
  readonly quick: boolean;
  /** How long, and by how many processes, where a benchmark can choose. */
  readonly seconds: number | undefined;
  readonly processes: number | undefined;
  /** How many of each kind, where a benchmark compares kinds. */
  readonly samples: number | undefined;
  /** A directory for profiles of what is measured, which slow it down. */
  readonly profile: string | undefined;
  readonly say: (line: string) => void;
}) => Promise<Figures>;

/** The middle one of some figures. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The memory that a process has in use, MiB. */
export const residentMib = (pid: number): number =>
  Math.round(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)]).toString()) / 1024);

const PAGE_BYTES = 4096;

/** How often a second the disk of a directory makes 4 KiB durable. */
export function fsyncPerSecond(directory: string): number {
  const file = openSync(join(directory, 'fsync'), 'w');
  const page = Buffer.alloc(PAGE_BYTES);
  const started = performance.now();
  let count = 0;
  while (performance.now() - started < 1000) {
    writeSync(file, page);
    fdatasyncSync(file);
    count++;
  }
  closeSync(file);
  return Math.round((count * 1000) / (performance.now() - started));
}

const VERIFICATIONS = 2000;

/** What verifying one ES256 signature costs with a key that was read before, in microseconds of one processor. */
export function verifyMicros(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = Buffer.alloc(500, 'x');
  const signature = sign('sha256', text, privateKey);
  const once = (): void => {
    verify('sha256', text, publicKey, signature);
  };
  for (let n = 0; n < VERIFICATIONS / 4; n++) once();
  const before = process.cpuUsage();
  for (let n = 0; n < VERIFICATIONS; n++) once();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / VERIFICATIONS);
}
