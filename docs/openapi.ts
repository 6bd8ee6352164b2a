import {
  type DescribedAnswer,
  type DescribedOperation,
  publishOperations,
} from '@keyserver/publish/api';

const bytes = { type: 'string', format: 'binary' };

/** What phones download; on Google Cloud the bucket answers, on one machine the file server. */
const fileOperations: readonly DescribedOperation[] = [
  file('/{bucket}/{root}/index.txt', 'The names of all archives of an export, oldest first', {
    mediaType: 'text/plain',
    schema: { type: 'string' },
    example: 'v1/1795446820-1795446840-00001.zip',
  }),
  file('/{bucket}/{root}/{archive}.zip', 'One archive: export.bin and export.sig', {
    mediaType: 'application/zip',
    schema: bytes,
  }),
  file('/{bucket}/{root}/keys.json', 'The public keys that the listed archives are signed with', {
    mediaType: 'application/json',
    schema: { type: 'object', required: ['keys'], properties: { keys: { type: 'array' } } },
  }),
];

function file(
  path: string,
  summary: string,
  answer: Omit<DescribedAnswer, 'description'>,
): DescribedOperation {
  return { path, method: 'get', summary, answers: { 200: { description: 'the file', ...answer } } };
}

/** Every operation that anybody may call. */
export const publicOperations: readonly DescribedOperation[] = [
  ...publishOperations,
  ...fileOperations,
];

/** The description of the public interface as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html), as JSON text. */
export function openApiText(): string {
  const paths = publicOperations.map(
    ({ path, method, ...operation }): readonly [string, object] => [
      path,
      { ...parametersOf(path), [method]: operationOf(operation) },
    ],
  );
  const document = {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Exposure Notification key server',
      version: 'v1',
      description:
        'Generated from the schemas that the service enforces. Field names of requests count in any letter case, and null as absent.',
    },
    paths: Object.fromEntries(paths),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function parametersOf(path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name);
  const parameters = names.map((name) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
  return names.length === 0 ? {} : { parameters };
}

const operationOf = ({
  summary,
  request,
  answers,
}: Pick<DescribedOperation, 'summary' | 'request' | 'answers'>): object => ({
  summary,
  ...(request === undefined
    ? {}
    : { requestBody: { required: true, content: { 'application/json': request } } }),
  responses: Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)]),
  ),
});

const responseOf = ({
  description,
  mediaType,
  schema,
  example,
  headers = [],
}: DescribedAnswer): object => ({
  description,
  ...(headers.length === 0
    ? {}
    : {
        headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
      }),
  content: { [mediaType]: { schema, ...(example === undefined ? {} : { example }) } },
});
