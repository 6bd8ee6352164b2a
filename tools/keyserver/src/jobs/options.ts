import type { Scheduler } from '@keyserver/scheduled-jobs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Machine } from '../terminal.ts';
import { type Endpoint, openScheduler } from '../wiring.ts';

/** What every command about jobs is told. */
export interface JobsOptions {
  readonly project: string;
  readonly location: string;
  readonly prefix: string;
  readonly endpoint?: Endpoint;
  readonly json?: true;
}

/** How the ids of our jobs begin unless told otherwise. */
export const DEFAULT_PREFIX = 'keyserver-';

/** Adds the options that every command about jobs has. */
export const addJobsOptions = (command: Command): Command =>
  command
    .requiredOption('--project <id>', 'the Google Cloud project', project)
    .requiredOption('--location <region>', 'the location of its jobs', jobLocation)
    .option('--prefix <text>', 'how the ids of its jobs begin', jobPrefix, DEFAULT_PREFIX)
    .option(
      '--endpoint <host:port>',
      'another address of Cloud Scheduler; plain text on this machine, TLS elsewhere',
      endpoint,
    )
    .option('--json', 'print JSON');

/** Opens the scheduler, has it used, and closes it. */
export async function withScheduler<T>(
  { project: id, location: region, endpoint: elsewhere }: JobsOptions,
  machine: Machine,
  use: (scheduler: Scheduler) => Promise<T>,
): Promise<T> {
  const place = { project: id, location: region, endpoint: elsewhere };
  const scheduler = await openScheduler(place, machine);
  try {
    return await use(scheduler);
  } finally {
    await scheduler.close();
  }
}

/** The options that name the same jobs again, for a command line to be copied. */
export const placeOf = ({ project: id, location: region }: JobsOptions): string =>
  `--project=${id} --location=${region}`;

/** The same for our own commands. */
export const ownPlaceOf = (options: JobsOptions): string =>
  options.prefix === DEFAULT_PREFIX
    ? placeOf(options)
    : `${placeOf(options)} --prefix='${options.prefix}'`;

/** Reads an argument that is the name of a job. */
export const jobName = matching(/^[\w-]{1,200}$/, 'must be letters, digits, "-" and "_"');

const project = matching(/^[a-z0-9][a-z0-9.:-]{0,99}$/, 'must be the id of a project');
/** Reads the region of jobs. */
export const jobLocation = matching(/^[a-z0-9-]{1,40}$/, 'must be a region such as europe-west1');
/** Reads how the ids of jobs begin. */
export const jobPrefix = matching(/^[\w-]{0,100}$/, 'must be letters, digits, "-" and "_"');

function matching(form: RegExp, sentence: string): (text: string) => string {
  return (text) => {
    if (form.test(text)) return text;
    throw new InvalidArgumentError(sentence);
  };
}

const THIS_MACHINE = new Set(['127.0.0.1', 'localhost', '[::1]']);

function endpoint(text: string): Endpoint {
  const [, host = '', digits = ''] = /^([\w.-]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('must be a host and a port');
  return { host, port, onThisMachine: THIS_MACHINE.has(host) };
}
