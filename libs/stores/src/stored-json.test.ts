import { array, integer, member, record, textOf } from './stored-json.ts';

const BROKEN = /unknown shape/u;

describe('a stored value', () => {
  it('is what it was stored as', () => {
    expect(array([1, 'a'])).toEqual([1, 'a']);
    expect(record({ a: 1 })).toEqual({ a: 1 });
    expect(textOf('')).toBe('');
    expect(integer(-7)).toBe(-7);
  });

  it.each([undefined, null, {}, 'text', 1])('is no list when it is %j', (stored) => {
    expect(() => array(stored)).toThrow(BROKEN);
  });

  it.each([undefined, null, [], 'text', 1, true])('is no object when it is %j', (stored) => {
    expect(() => record(stored)).toThrow(BROKEN);
  });

  it.each([undefined, null, {}, [], 1, false])('is no text when it is %j', (stored) => {
    expect(() => textOf(stored)).toThrow(BROKEN);
  });

  it.each([undefined, null, '1', 1.5, 2 ** 53, true, []])(
    'is no integer when it is %j',
    (stored) => {
      expect(() => integer(stored)).toThrow(BROKEN);
    },
  );

  it('never repeats itself in the fault', () => {
    expect(() => integer('a secret')).toThrow(new Error('stored document of an unknown shape'));
  });
});

describe('a member of a stored object', () => {
  it('is its own or absent, never inherited', () => {
    expect(member({ a: null }, 'a')).toBeNull();
    expect(member({}, 'a')).toBeUndefined();
    expect(member({}, 'toString')).toBeUndefined();
  });
});
