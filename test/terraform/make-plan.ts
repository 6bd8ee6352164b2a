import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Plan, parsePlan } from './plan.ts';

const run = promisify(execFile);
const TERRAFORM = fileURLToPath(new URL('../../terraform/', import.meta.url));
const MOST_BYTES = 64 * 1024 * 1024;

const CHECK = join(TERRAFORM, 'check');

const inFolder = async (folder: string, command: string): Promise<string> => {
  const { stdout } = await run(CHECK, [folder, '--', 'sh', '-c', command], {
    maxBuffer: MOST_BYTES,
  });
  return stdout;
};

/** Why there can be no plan here; undefined where there can. */
export async function whyNoPlan(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'keyserver-terraform-'));
  try {
    await cp(join(TERRAFORM, 'versions.tf'), join(folder, 'versions.tf'));
    const said = await inFolder(folder, `terraform init ${QUIET} >/dev/null && echo ready`);
    return said === 'ready\n' ? undefined : said.trim();
  } catch {
    return 'neither the registry of terraform nor a stand-in for it can be reached';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const QUIET = '-input=false -no-color';
const PLAN = `terraform init ${QUIET} >/dev/null && terraform plan ${QUIET} -out=plan.bin >/dev/null && terraform show -json plan.bin`;

/** A change of one file of the copy, by words that it has. */
interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * What an apply of an example, or of the module itself (`root`), would make: in a copy, which may be changed first. Rejects when terraform
 * refuses it, with what it says on one line.
 */
export async function planOf(
  example: string,
  variables: Readonly<Record<string, unknown>>,
  edit?: Edit,
): Promise<Plan> {
  const folder = await mkdtemp(join(tmpdir(), 'keyserver-terraform-'));
  try {
    await cp(TERRAFORM, folder, {
      recursive: true,
      filter: (path) => !/\/\.terraform|\.tfstate/u.test(path),
    });
    const at = example === 'root' ? folder : join(folder, 'examples', example);
    // The state of an example lies in a bucket, which nobody has here.
    if (at !== folder)
      await writeFile(join(at, 'backend_override.tf'), 'terraform {\n  backend "local" {}\n}\n');
    await writeFile(join(at, 'test.auto.tfvars.json'), JSON.stringify(variables));
    if (edit !== undefined) {
      const file = join(folder, edit.file);
      await writeFile(file, (await readFile(file, 'utf8')).replace(edit.from, edit.to));
    }
    return parsePlan(await inFolder(at, PLAN));
  } catch (fault) {
    // terraform draws a frame around what it says, and breaks lines to fit into it.
    const said = (fault instanceof Error ? fault.message : '').replaceAll(
      /[\s\u2500-\u257f]+/gu,
      ' ',
    );
    throw new Error(said, { cause: fault });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
