import { readFileSync } from 'node:fs';

const MICROS_PER_TICK = 10_000;
const KIB_PER_MB = 1_000_000 / 1024;
const [AFTER_NAME, USER, SYSTEM] = [2, 11, 12];

/** Processor time in microseconds. */
export interface ProcessorTime {
  /** The thread that answers requests. */
  readonly main: number;
  /** All threads, those that have ended included. */
  readonly all: number;
}

/** The processor time that processes have used. Reads `/proc`, which Linux has. */
export function processorTime(pids: readonly number[]): ProcessorTime {
  const [main, all] = [sum(pids.map((pid) => threadTime(pid, pid))), sum(pids.map(processTime))];
  return { main, all };
}

const processTime = (pid: number): number => timeIn(`/proc/${pid}/stat`);

const threadTime = (pid: number, thread: number): number =>
  timeIn(`/proc/${pid}/task/${thread}/stat`);

function timeIn(file: string): number {
  const text = readFileSync(file, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + AFTER_NAME).split(' ');
  return MICROS_PER_TICK * (Number(fields[USER]) + Number(fields[SYSTEM]));
}

/** Memory of a process, MB of 1,000,000 bytes. */
export interface Memory {
  /** What it has in use, pages of mapped files included. */
  readonly resident: number;
  /** Of that, what is its own and no page of a file. */
  readonly own: number;
}

/** The memory of a process. Reads `/proc`, which Linux has. */
export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / KIB_PER_MB);
  return { resident: field('VmRSS'), own: field('RssAnon') };
}

/** The most memory that a process has had in use at any time, MB. Reads `/proc`, which Linux has. */
export function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / KIB_PER_MB);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
