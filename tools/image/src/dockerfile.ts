/** One instruction of a Dockerfile, as far as this project uses them. */
export type Instruction =
  | { readonly kind: 'FROM'; readonly image: string; readonly name: string | undefined }
  | { readonly kind: 'ARG'; readonly name: string; readonly value: string | undefined }
  | { readonly kind: 'ENV'; readonly name: string; readonly value: string }
  | { readonly kind: 'WORKDIR'; readonly folder: string }
  | {
      readonly kind: 'COPY';
      readonly from: string | undefined;
      readonly sources: readonly string[];
      readonly to: string;
    }
  | { readonly kind: 'RUN'; readonly command: string }
  | { readonly kind: 'USER'; readonly user: string }
  | { readonly kind: 'EXPOSE'; readonly port: number }
  | { readonly kind: 'ENTRYPOINT'; readonly command: readonly string[] };

/** A build stage: what it begins with, and its steps. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly steps: readonly Exclude<Instruction, { kind: 'FROM' }>[];
}

/** A Dockerfile: the arguments before its first stage, and its stages in order. */
export interface Dockerfile {
  readonly args: readonly Extract<Instruction, { kind: 'ARG' }>[];
  readonly stages: readonly Stage[];
}

const READERS: Readonly<Record<string, (rest: string) => Instruction | undefined>> = {
  FROM: (rest) => {
    const [, image, name] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
    return image === undefined ? undefined : { kind: 'FROM', image, name };
  },
  ARG: (rest) => {
    const [, name, value] = /^([A-Z_]+)(?:=(\S+))?$/.exec(rest) ?? [];
    return name === undefined ? undefined : { kind: 'ARG', name, value };
  },
  ENV: (rest) => {
    const [, name, value] = /^([A-Z_]+)=(\S+)$/.exec(rest) ?? [];
    return name === undefined || value === undefined ? undefined : { kind: 'ENV', name, value };
  },
  WORKDIR: (rest) => (/^\/\S+$/.test(rest) ? { kind: 'WORKDIR', folder: rest } : undefined),
  COPY: copyOf,
  // Steps are performed below a folder, so that a path from the root would leave it.
  RUN: (rest) => (/(^|[\s"'=<>])\//.test(rest) ? undefined : { kind: 'RUN', command: rest }),
  USER: (rest) => (/^[a-z0-9]+$/.test(rest) ? { kind: 'USER', user: rest } : undefined),
  EXPOSE: (rest) => (/^\d+$/.test(rest) ? { kind: 'EXPOSE', port: Number(rest) } : undefined),
  ENTRYPOINT: (rest) => {
    const words = /^\[("[^"\\]+"(?:, ?"[^"\\]+")*)\]$/.exec(rest)?.[1];
    if (words === undefined) return undefined;
    return {
      kind: 'ENTRYPOINT',
      command: [...words.matchAll(/"([^"]+)"/g)].map(([, w = '']) => w),
    };
  },
};

/** Reads a Dockerfile; throws an Error that names the line of an instruction that could not be performed without a container engine. */
export function parseDockerfile(text: string): Dockerfile {
  const args: Extract<Instruction, { kind: 'ARG' }>[] = [];
  const stages: { image: string; name: string | undefined; steps: Stage['steps'][number][] }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const instruction = instructionOf(line);
    const stage = stages.at(-1);
    if (instruction?.kind === 'FROM') stages.push({ ...instruction, steps: [] });
    else if (instruction !== undefined && stage !== undefined) stage.steps.push(instruction);
    else if (instruction?.kind === 'ARG') args.push(instruction);
    else throw new Error(`line ${index + 1} cannot be performed: ${line}`);
  }
  return { args, stages };
}

function instructionOf(line: string): Instruction | undefined {
  const [, word = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
  return READERS[word]?.(rest);
}

function copyOf(rest: string): Instruction | undefined {
  const words = rest.split(' ');
  const flags = words.filter((word) => word.startsWith('--'));
  const from = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length);
  const known = flags.every((flag) => /^--(from|chown)=\S+$/.test(flag));
  const paths = words.filter((word) => !word.startsWith('--'));
  const to = paths.at(-1);
  if (!known || to === undefined || paths.length < 2 || to.startsWith('/')) return undefined;
  return { kind: 'COPY', from, sources: paths.slice(0, -1), to };
}
