import fc from 'fast-check';
import { parseAppId } from './authority.ts';
import { anyCharacter } from '../../../test/support/any-character.ts';

it.each([
  ['gov.example.doh', 'gov.example.doh'],
  ['GOV.Example.DOH', 'gov.example.doh'],
  ['Dept Of Health', 'dept of health'],
  ['a/b', 'a/b'],
  ['ÉTAT', 'état'],
  ['..', '..'],
  ['__X__', '__x__'],
  ['\u212a', 'k'], // the sign of Kelvin
  ['ΥΓΕΙΑΣ', 'υγειασ'],
  ['İZMİR', 'izmir'],
  ['健康🔑', '健康🔑'],
])('the app id of %j is %j', (text, id) => {
  expect(parseAppId(text)).toBe(id);
  expect(parseAppId(id)).toBe(id);
});

it.each([
  ['no text', ''],
  ['a line break', 'a\nb'],
  ['a null character', 'a\0'],
  ['half a character', 'a\ud800'],
  ['256 letters', 'x'.repeat(256)],
  ['256 bytes', 'é'.repeat(128)],
  ['256 bytes in lower case only', `${'Ⱥ'.repeat(85)}x`], // 2 bytes each, 3 in lower case
  ['megabytes', 'É'.repeat(4_000_000)],
])('%s is no app id', (_, text) => {
  expect(parseAppId(text)).toBeUndefined();
});

it('takes ids of 255 bytes', () => {
  expect(parseAppId('X'.repeat(255))).toBe('x'.repeat(255));
  expect(parseAppId(`${'é'.repeat(127)}x`)).toBe(`${'é'.repeat(127)}x`);
});

it('finds nothing to change in what it gave', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 255 }), (text) => {
      const id = parseAppId(text);
      expect(id === undefined || parseAppId(id) === id).toBe(true);
    }),
  );
});
