import fc from 'fast-check';
import { configuredId, requestIdOf, serviceUrl, settingNames } from './index.ts';

describe('a configured id', () => {
  it.each([
    [{ id: 'com.example.app' }, 'com.example.app'],
    [{ id: 7 }, '7'],
    [{ id: 'de-1700000000-1700003600' }, 'de-1700000000-1700003600'],
  ])('of %j is %s', (thing, id) => {
    expect(configuredId(thing)).toBe(id);
  });

  it.each([
    ['dept of health', 'dept%20of%20health'],
    ['état', '%C3%A9tat'],
    ['100%', '100%25'],
    ['a\nb', 'a%0Ab'],
    ['{"a":1}', '%7B%22a%22%3A1%7D'],
  ])('of the text %j is %s', (id, logged) => {
    expect(configuredId({ id })).toBe(logged);
  });

  it.each(['', 'x'.repeat(801), 'ключ'.repeat(50), '\ud800'])('hides %j', (id) => {
    expect(configuredId({ id })).toBe('unprintable');
  });
});

describe('a request id', () => {
  it('is a version 4 UUID of the random bytes', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    fc.assert(fc.property(bytes, (random) => uuid.test(requestIdOf(random))));
  });

  it('leaves the bytes as they were', () => {
    const random = new Uint8Array(16);
    expect(requestIdOf(random)).toBe('00000000-0000-4000-8000-000000000000');
    expect(random).toEqual(new Uint8Array(16));
  });

  it('needs 16 bytes', () => {
    expect(() => requestIdOf(new Uint8Array(15))).toThrow(RangeError);
  });
});

it('names only settings that are spelled as settings', () => {
  expect(settingNames([{ name: 'PORT' }, { name: 'what a client sent' }])).toEqual(['PORT']);
});

it('refuses an address that is none', () => {
  expect(serviceUrl('127.0.0.1', 8080)).toBe('http://127.0.0.1:8080');
  expect(() => serviceUrl('two words', 8080)).toThrow(RangeError);
});
