import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Build {
  substitutions: Record<string, string>;
  options: Record<string, unknown>;
  steps: { id: string; args: string[]; waitFor: string[]; [field: string]: unknown }[];
  [field: string]: unknown;
}

const build = (): Build => parse(read('cloudbuild.yaml')) as Build;
const schema = new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile(
  JSON.parse(read('tools/image/cloud-build.schema.json')) as object,
);

/** The scripts that steps run. */
const scripts = ({ steps }: Build): string[] =>
  steps.flatMap(({ args }) => args.filter((arg) => arg.endsWith('.sh')));

/** What is wrong with a build beyond the form of its fields. */
function faultsOf(one: Build): string[] {
  const before = new Set(['-']);
  const faults: string[] = [];
  for (const { id, waitFor } of one.steps) {
    if (before.has(id)) faults.push(`${id} twice`);
    faults.push(...waitFor.filter((each) => !before.has(each)).map((each) => `no ${each}`));
    before.add(id);
  }
  const text = JSON.stringify(one.steps) + scripts(one).map(read).join('\n');
  const used = new Set([...text.matchAll(/\$\{?(_[A-Z_]+)/g)].map(([, name = '']) => name));
  const declared = Object.keys(one.substitutions);
  faults.push(...declared.filter((name) => !used.has(name)).map((name) => `unused ${name}`));
  faults.push(...[...used].filter((n) => !declared.includes(n)).map((n) => `undeclared ${n}`));
  return faults;
}

describe('cloudbuild.yaml', () => {
  it('has the fields of a build config, and names steps and substitutions that are there', () => {
    expect([schema(build()), schema.errors]).toEqual([true, null]);
    expect(faultsOf(build())).toEqual([]);
  });

  it('rolls out every service, and attests what was scanned', () => {
    const services = globSync('services/*/package.json', { cwd: ROOT }).map((p) => p.split('/')[1]);
    expect(build().substitutions['_SERVICES']?.split(' ').sort()).toEqual(services.sort());
    expect(
      build()
        .steps.map(({ id }) => id)
        .slice(-4),
    ).toEqual([...['build', 'scan', 'attest', 'roll-out']]);
  });

  it.each<[string, (one: Build) => void]>([
    ['an unknown field', (one) => (one['step'] = [])],
    ['an unknown field of a step', (one) => (one.steps[0]!['wait'] = ['x'])],
    ['a step without an image', (one) => delete one.steps[0]!['name']],
    ['both a script and arguments', (one) => (one.steps[0]!['script'] = 'true')],
    ['a machine that there is none of', (one) => (one.options['machineType'] = 'E2_HIGHCPU_64')],
    ['a time-out without a unit', (one) => (one['timeout'] = 7200)],
    ['a substitution that Cloud Build keeps for itself', (one) => (one.substitutions['X'] = '')],
    ['a number as a substitution', (one) => Object.assign(one.substitutions, { _A: 300 })],
    ['no step', (one) => (one.steps = [])],
  ])('would be refused with %s', (_, spoil) => {
    const spoiled = build();
    spoil(spoiled);
    expect(schema(spoiled)).toBe(false);
  });

  it.each<[string, (one: Build) => void]>([
    ['no later', (one) => (one.steps[0]!.waitFor = ['later'])],
    ['check twice', (one) => (one.steps[0]!.id = 'check')],
    ['unused _SPARE', (one) => (one.substitutions['_SPARE'] = '')],
    ['undeclared _REGION', (one) => delete one.substitutions['_REGION']],
  ])('would be found to have %s', (fault, spoil) => {
    const spoiled = build();
    spoil(spoiled);
    expect(faultsOf(spoiled)).toContain(fault);
  });
});
