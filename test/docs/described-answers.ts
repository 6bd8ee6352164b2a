import { violationsOf } from '@keyserver/publish/testing';
import { publicOperations } from '../../docs/openapi.ts';

/** Expects an answer of a running service to be one that the description of its path allows. */
export async function expectDescribed(response: Response, path: string): Promise<void> {
  const operation = publicOperations.find((one) => one.path === path);
  const described = operation?.answers[response.status];
  expect(described).toBeDefined();
  expect(response.headers.get('content-type')?.split(';')[0]).toBe(described?.mediaType);
  for (const name of described?.headers ?? []) expect(response.headers.get(name)).not.toBeNull();
  expect(violationsOf(described?.schema ?? {}, await response.clone().json())).toEqual([]);
}
