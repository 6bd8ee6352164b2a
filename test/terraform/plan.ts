/** A value of a plan: JSON, in which what is known only after an apply is left out. */
export type Value =
  string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Something that a plan makes. */
export interface Planned {
  /** Such as `module.keyserver.module.publish.google_cloud_run_v2_service.this`. */
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, Value>>;
}

/** What a plan makes, without the modules that it is in. */
export type Plan = readonly Planned[];

interface Module {
  readonly resources?: readonly (Planned & { readonly mode: string })[];
  readonly child_modules?: readonly Module[];
}

const madeIn = (module: Module): Plan => [
  ...(module.resources ?? []).filter(({ mode }) => mode === 'managed'),
  ...(module.child_modules ?? []).flatMap(madeIn),
];

/** Reads what `terraform show -json` says of a plan. */
export function parsePlan(text: string): Plan {
  const { planned_values: planned } = JSON.parse(text) as {
    readonly planned_values: { readonly root_module: Module };
  };
  return madeIn(planned.root_module);
}

/** All that a plan makes of a type. */
export const ofType = (plan: Plan, type: string): Plan =>
  plan.filter((resource) => resource.type === `google_${type}`);

/** The parts of a block that may be there several times; none where it is not there. */
export const blocks = (
  value: Value | undefined,
  name: string,
): readonly Readonly<Record<string, Value>>[] => {
  const found = field(value, name);
  return Array.isArray(found) ? (found as readonly Readonly<Record<string, Value>>[]) : [];
};

/** A field of a value; undefined where it is not there, or not known before the apply. */
export const field = (value: Value | undefined, ...path: readonly string[]): Value | undefined =>
  path.reduce<Value | undefined>((at, name) => {
    const within = Array.isArray(at) ? (at as readonly Value[])[0] : at;
    return typeof within === 'object' && within !== null && !Array.isArray(within)
      ? (within as Readonly<Record<string, Value>>)[name]
      : undefined;
  }, value);

/** The same as a text; empty where there is none. */
export const textAt = (value: Value | undefined, ...path: readonly string[]): string => {
  const found = field(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
};

/** A rule for plans: what breaks it, each in a sentence. */
export type Policy = (plan: Plan) => readonly string[];
