import { format, inspect } from 'node:util';
import { Secret } from './index.ts';

describe('a secret', () => {
  const word = 'opensesame';
  const secret = new Secret(word);

  it.each([
    ['as text', () => String(secret)],
    ['in JSON', () => JSON.stringify({ deep: [secret] })],
    ['when inspected', () => inspect({ secret }, { depth: 9, showHidden: true })],
    ['in a format', () => format('%s %o %j', secret, secret, secret)],
    ['in an error', () => new Error(`wrong: ${secret.toString()}`).message],
    ['by its properties', () => Object.entries(secret).join()],
    ['as a copy', () => JSON.stringify(Object.assign({}, secret))],
  ])('does not show %s', (_way, show) => {
    expect(show()).not.toContain(word);
  });

  it('opens only when asked', () => {
    expect(secret.reveal()).toBe(word);
  });
});
