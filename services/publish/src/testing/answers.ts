import type { Answer } from './publish-server.ts';

/** Expects an answer to be padded as answers are: up to 2 KiB of random bytes, after what fills it up to the common length. */
export function expectPadded({ text, body: { padding } }: Answer): void {
  const bytes = Buffer.from(String(padding), 'base64');
  expect(bytes.toString('base64')).toBe(padding);
  expect(bytes.length).toBeGreaterThanOrEqual(1024);
  expect(bytes.length).toBeLessThan(2048 + 1536);
  expect(text).not.toMatch(/\n$/u);
}

/** Expects an answer to refuse an upload in the form that phones know. */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.body).toMatchObject({ code, error: expect.stringMatching(/\w/u) as string });
  expect(answer.body).not.toHaveProperty('insertedExposures');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('x-api-version')).toBe('v1');
  expectPadded(answer);
}
