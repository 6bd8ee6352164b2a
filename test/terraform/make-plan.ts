import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Plan, parsePlan } from './plan.ts';

const run = promisify(execFile);
const TERRAFORM = fileURLToPath(new URL('../../terraform/', import.meta.url));
const MOST_BYTES = 64 * 1024 * 1024;

/** How terraform is run in a folder: by itself, or by something that stands in for the registry of providers. */
const inFolder = async (folder: string, command: string): Promise<string> => {
  const standIn = process.env['TERRAFORM_STAND_IN'] ?? '';
  const [program, args] =
    standIn === '' ? ['sh', ['-c', command]] : [standIn, [folder, '--', 'sh', '-c', command]];
  const { stdout } = await run(program, args, { cwd: folder, maxBuffer: MOST_BYTES });
  return stdout;
};

/** Why there can be no plan here; undefined where there can. */
export async function whyNoPlan(): Promise<string | undefined> {
  try {
    await run('terraform', ['version']);
    return undefined;
  } catch {
    return 'terraform is not installed';
  }
}

const QUIET = '-input=false -no-color';
const PLAN = `terraform init ${QUIET} >/dev/null && terraform plan ${QUIET} -out=plan.bin >/dev/null && terraform show -json plan.bin`;

/**
 * What an apply of an example would make, in a copy of it. `edit` may change the copy first. Rejects when terraform refuses it, with what
 * it says.
 */
export async function planOf(
  example: string,
  variables: Readonly<Record<string, unknown>>,
  edit: (folder: string) => Promise<void> = async () => {
    await Promise.resolve();
  },
): Promise<Plan> {
  const folder = await mkdtemp(join(tmpdir(), 'keyserver-terraform-'));
  try {
    await cp(TERRAFORM, folder, {
      recursive: true,
      filter: (path) => !/\/\.terraform|\.tfstate/u.test(path),
    });
    const at = join(folder, 'examples', example);
    // The state of an example lies in a bucket, which nobody has here.
    await writeFile(join(at, 'backend_override.tf'), 'terraform {\n  backend "local" {}\n}\n');
    await writeFile(join(at, 'test.auto.tfvars.json'), JSON.stringify(variables));
    await edit(folder);
    return parsePlan(await inFolder(at, PLAN));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
