import type { Plan, Value } from '../plan.ts';
import type { POLICIES } from '../policies.ts';

/** A mistake that somebody might make: the rule that must notice it, and what the rule says then. */
export interface Mistake {
  readonly rule: keyof typeof POLICIES;
  readonly mistake: string;
  readonly spoil: Spoil;
  readonly says: RegExp;
}

/** Makes a plan with a mistake out of a sound one. */
export type Spoil = (plan: Plan) => Plan;

type Fields = Readonly<Record<string, Value>>;

/** A value with another one at a path, such as `scaling.0.min_instance_count`. */
function replaced(value: Value | undefined, path: readonly string[], by: Change): Value {
  const [step, ...rest] = path;
  if (step === undefined) return typeof by === 'function' ? by(value ?? null) : by;
  if (Array.isArray(value)) {
    const items = value as readonly Value[];
    return items.map((item, n) => (String(n) === step ? replaced(item, rest, by) : item));
  }
  const fields = (value ?? {}) as Fields;
  return { ...fields, [step]: replaced(fields[step], rest, by) };
}

type Change = Value | ((before: Value) => Value);

/** Changes a value of the resources whose address has these words in it. */
export const changed =
  (words: string, path: string, by: Change): Spoil =>
  (plan) =>
    plan.map((resource) =>
      resource.address.includes(words)
        ? { ...resource, values: replaced(resource.values, path.split('.'), by) as Fields }
        : resource,
    );

/** Leaves out the resources whose address has these words in it. */
export const without =
  (words: string): Spoil =>
  (plan) =>
    plan.filter(({ address }) => !address.includes(words));

/** Adds another resource. */
export const added =
  (type: string, values: Fields): Spoil =>
  (plan) => [...plan, { address: `google_${type}.mistake`, type: `google_${type}`, values }];

/** The address of a service in a plan. */
export const serviceOf = (name: string): string =>
  `module.${name}.google_cloud_run_v2_service.this`;

const ENV = 'template.0.containers.0.env';
const others = (env: Value, name: string): readonly Value[] =>
  (env as readonly Fields[]).filter((variable) => variable['name'] !== name);

/** Takes a variable of its environment from a service. */
export const unset = (service: string, name: string): Spoil =>
  changed(serviceOf(service), ENV, (env) => others(env, name));

/** Gives a service a variable with another value. */
export const setTo = (service: string, name: string, value: string): Spoil =>
  changed(serviceOf(service), ENV, (env) => [...others(env, name), { name, value }]);
