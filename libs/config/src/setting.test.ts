import fc from 'fast-check';
import { flag, integer, list, oneOf, secret, text, tolerant, url, windowSeconds } from './index.ts';

const about = 'A setting.';

describe('a whole number', () => {
  const days = integer({ min: -3, max: 30, about });

  it('reads what it would write, within its bounds', () => {
    fc.assert(fc.property(fc.integer({ min: -3, max: 30 }), (n) => days.read(String(n)) === n));
  });

  it.each(['-4', '31', '1.0', '1e1', '0x1', ' 1', '1 ', '01', '+1', '-0', '', '١', '9'.repeat(30)])(
    'refuses %p',
    (given) => {
      expect(days.read(given)).toBeUndefined();
    },
  );

  it('refuses a default outside its bounds', () => {
    expect(() => integer({ min: 1, max: 2, default: 3, about })).toThrow('from 1 to 2');
  });
});

describe('a tolerant setting', () => {
  const least = tolerant(integer({ min: 10, max: 30, default: 14, about }));

  it.each(['9', '31', '-1', 'ten', '1.5', ' '])('says of %p that it is refused', (given) => {
    expect(least.read(given)).toBe('refused');
  });

  it('is otherwise like the setting that it is made of', () => {
    expect(least.read('10')).toBe(10);
    expect(least).toMatchObject({ allowed: 'a whole number from 10 to 30', about });
    expect(least.fallback).toEqual({ value: 14, shown: '14' });
  });
});

describe('a reporting window', () => {
  const window = windowSeconds({ min: 10, max: 43_200, about });

  it.each([
    ['10', 10_000],
    ['900', 900_000],
    ['43200', 43_200_000],
  ])('of %s seconds is %d milliseconds', (given, ms) => {
    expect(window.read(given)).toBe(ms);
  });

  it.each(['7', '5', '86400', '1000', '0', '-60', '3600.0', '1h'])('refuses %p', (given) => {
    expect(window.read(given)).toBeUndefined();
  });

  it('refuses a default that does not divide the day', () => {
    expect(() => windowSeconds({ default: 7000, about })).toThrow('divides 86400');
  });

  it('may be a whole day', () => {
    expect(windowSeconds({ default: 86_400, about }).fallback?.shown).toBe('86400');
  });
});

describe('a text', () => {
  const bucket = text({
    maxLength: 10,
    form: { pattern: /[a-z]+/, described: 'lower-case letters' },
    about,
  });

  it('has the form that it is told', () => {
    expect(bucket.read('exports')).toBe('exports');
    expect(bucket.allowed).toBe('text of 1 to 10 characters (lower-case letters)');
  });

  it.each(['', 'Exports', 'a b', 'exports\n', 'abcdefghijk', '1a'])('refuses %p', (given) => {
    expect(bucket.read(given)).toBeUndefined();
  });

  it.each(['a\u0000b', 'line\nfeed', '\ud800'])('refuses the control character in %j', (given) => {
    expect(text({ about }).read(given)).toBeUndefined();
  });

  it('may be absent when its default is empty, whatever its form', () => {
    const region = text({ default: '', form: { pattern: /[A-Z]+/, described: 'a region' }, about });
    expect(region.read('')).toBe('');
    expect(region.read('de')).toBeUndefined();
  });
});

describe('one of a few words', () => {
  const platform = oneOf({ values: ['local', 'gcp'], about });

  it.each(['LOCAL', ' local', 'localgcp', 'aws', ''])('refuses %p', (given) => {
    expect(platform.read(given)).toBeUndefined();
  });

  it('names them all', () => {
    expect(platform.allowed).toBe('one of local, gcp');
    expect(platform.read('gcp')).toBe('gcp');
  });
});

describe('a flag', () => {
  it('is true or false', () => {
    expect(flag({ about }).read('true')).toBe(true);
    expect(flag({ about }).read('false')).toBe(false);
    expect(flag({ about, default: true }).fallback?.shown).toBe('true');
  });

  it.each(['1', '0', 'yes', 'TRUE', 'on', ''])('refuses %p', (given) => {
    expect(flag({ about }).read(given)).toBeUndefined();
  });
});

describe('a list', () => {
  const regions = list({
    max: 3,
    form: { pattern: /[A-Z]{2}/, described: 'two capital letters' },
    about,
  });

  it('is separated by commas, spaces around them ignored', () => {
    expect(regions.read('DE, FR ,IT')).toEqual(['DE', 'FR', 'IT']);
  });

  it.each(['', ' ', 'DE,', ',DE', 'DE,,FR', 'DE,DE', 'de', 'DE FR', 'DE,FR,IT,ES'])(
    'refuses %p',
    (given) => {
      expect(regions.read(given)).toBeUndefined();
    },
  );

  it('may be empty only when its default is', () => {
    expect(list({ default: [], about }).read('')).toEqual([]);
    expect(list({ default: ['DE'], about }).fallback?.shown).toBe('DE');
    expect(() => list({ default: ['DE', 'DE'], about })).toThrow(RangeError);
  });
});

describe('an address', () => {
  const address = url({ about });

  it.each(['https://issuer.example/keys', 'http://127.0.0.1:8085/', 'http://[::1]/'])(
    'may be %s',
    (given) => {
      expect(address.read(given)?.href).toBe(given);
    },
  );

  it.each([
    'http://issuer.example/keys',
    'http://127.0.0.1.example/',
    'https://user@issuer.example/',
    'https://:word@issuer.example/',
    'https://issuer.example/#keys',
    'file:///etc/passwd',
    'issuer.example',
    '',
  ])('refuses %p', (given) => {
    expect(address.read(given)).toBeUndefined();
  });

  it('shows its default', () => {
    const given = url({ default: new URL('https://issuer.example'), about });
    expect(given.fallback?.shown).toBe('https://issuer.example/');
  });
});

describe('a secret', () => {
  it('is refused when it is shorter than asked', () => {
    expect(secret({ minLength: 16, about }).read('fifteen letters')).toBeUndefined();
    expect(secret({ about }).read('')).toBeUndefined();
  });
});
