import { Ajv2020 } from 'ajv/dist/2020.js';

const ajv = new Ajv2020({ strict: true, formats: { binary: true } });

/** What is wrong with a value by a JSON schema of the dialect 2020-12, which is that of OpenAPI 3.1. */
export function violationsOf(schema: object, value: unknown): readonly string[] {
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = '' }) => `${instancePath} ${message}`,
  );
}
