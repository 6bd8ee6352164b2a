import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Dockerfile, Stage } from './dockerfile.ts';

/** What a build is given. */
export interface BuildOptions {
  /** The folder that the Dockerfile is built from. */
  readonly context: string;
  /** Whether a path of it is left out. */
  readonly ignored: (path: string) => boolean;
  /** An empty or new folder, in which each stage gets a folder that is its root. */
  readonly into: string;
  readonly args: Readonly<Record<string, string>>;
  /** The variables of this machine that steps see: where programs are. */
  readonly environment: Readonly<Record<string, string>>;
  /** Is told of each step before it is performed. */
  readonly onStep?: (step: string) => void;
}

/** What the last stage came to. */
export interface Built {
  /** Its working directory. */
  readonly folder: string;
  readonly command: readonly string[];
  /** Its variables, where paths are those of this machine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
}

/** The name of the folder of a stage. */
const folderName = (stage: Stage): string => stage.name ?? 'image';

/**
 * Performs the steps of a Dockerfile in folders of this machine, with the programs of this machine. A stage whose folder is there
 * already is taken as it is, as a container engine takes its layers. Throws what a step throws, and an Error for an argument that lacks.
 */
export function perform({ stages, args }: Dockerfile, options: BuildOptions): Built {
  const given = Object.fromEntries(args.map(({ name, value }) => [name, value]));
  const states = new Map<string, State>();
  let last: State | undefined;
  for (const stage of stages) {
    const root = join(options.into, folderName(stage));
    const base = states.get(stage.image);
    const { at = '/', env = {}, user } = base ?? {};
    last = { root, at, env: { ...env }, args: {}, user, command: [] };
    states.set(folderName(stage), last);
    performStage(stage, last, {
      ...{ ...options, args: { ...given, ...options.args } },
      base: base?.root,
    });
  }
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  return builtAs(last);
}

function builtAs({ root, at, env, user, command }: State): Built {
  const environment = Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, onMachine(value, root)]),
  );
  return { folder: join(root, at), command, user, environment };
}

interface State {
  readonly root: string;
  at: string;
  env: Record<string, string>;
  args: Record<string, string>;
  user: string | undefined;
  command: readonly string[];
}

function performStage(stage: Stage, state: State, options: Given): void {
  const done = existsSync(state.root);
  if (!done && options.base !== undefined) linkTree(options.base, state.root);
  mkdirSync(state.root, { recursive: true });
  for (const step of stage.steps) performStep(step, state, { ...options, done });
}

type Given = Omit<BuildOptions, 'args'> & {
  readonly args: Readonly<Record<string, string | undefined>>;
  /** The root of the stage that this one goes on from. */
  readonly base: string | undefined;
};

function performStep(
  step: Stage['steps'][number],
  state: State,
  options: Given & { readonly done: boolean },
): void {
  if (step.kind !== 'COPY' && step.kind !== 'RUN') note(step, state, options);
  else if (options.done) return;
  else if (step.kind === 'COPY') copy(step, state, options);
  else run(step.command, state, options);
}

/** What a step says of those that follow. */
function note(
  step: Exclude<Stage['steps'][number], { kind: 'COPY' | 'RUN' }>,
  state: State,
  { args }: Given,
): void {
  switch (step.kind) {
    case 'ARG': {
      const value = args[step.name] ?? step.value;
      if (value === undefined) throw new Error(`the argument ${step.name} is missing`);
      state.args[step.name] = value;
      return;
    }
    case 'ENV':
      state.env[step.name] = step.value;
      return;
    case 'WORKDIR':
      state.at = step.folder;
      mkdirSync(join(state.root, step.folder), { recursive: true });
      return;
    case 'USER':
      state.user = step.user;
      return;
    case 'ENTRYPOINT':
      state.command = step.command;
      return;
    case 'EXPOSE':
      return;
  }
}

function copy(
  { from, sources, to }: Extract<Stage['steps'][number], { kind: 'COPY' }>,
  state: State,
  options: Given,
): void {
  const target = join(state.root, state.at, to);
  const home = from === undefined ? options.context : join(options.into, from);
  for (const source of sources) {
    const path = join(home, source);
    const intoFolder = to.endsWith('/') && !statSync(path).isDirectory();
    cpSync(path, intoFolder ? join(target, basename(path)) : target, {
      ...{ recursive: true, preserveTimestamps: true, verbatimSymlinks: true },
      filter: (one) => from !== undefined || !options.ignored(relative(home, one)),
    });
  }
}

function run(command: string, state: State, { environment, onStep }: Given): void {
  onStep?.(command);
  execFileSync('sh', ['-c', command], {
    cwd: join(state.root, state.at),
    env: { ...environment, ...state.env, ...state.args },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A copy whose files are links, since no step writes into a file that another stage wrote. */
function linkTree(from: string, to: string): void {
  execFileSync('cp', ['-al', from, to]);
}

const onMachine = (value: string, root: string): string =>
  value.startsWith('/') ? join(root, value) : value;
