import { parseAppId } from '@keyserver/health-authority';
import fc from 'fast-check';
import { appDocumentId, appIdOf } from './app-document-id.ts';

it.each([
  ['gov.example.doh', 'gov.example.doh'],
  ['com.example_app-2', 'com.example_app-2'],
  ['dept of health', 'dept%20of%20health'],
  ['a/b', 'a%2Fb'],
  ['état', '%C3%A9tat'],
  ['.', '%2E'],
  ['..', '%2E.'],
  ['__x__', '%5F_x__'],
  ['100%', '100%25'],
  ['a%2fb', 'a%252fb'],
])('the document of app %s is %s', (id, documentId) => {
  expect(appDocumentId(id)).toBe(documentId);
  expect(appIdOf(documentId)).toBe(id);
});

it('leaves every id as it is that could be stored before, so that nothing has to move', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,199}$/), (id) => {
      expect(appDocumentId(id)).toBe(id);
      expect(appIdOf(id)).toBe(id);
    }),
  );
});

it('gives each app a document of its own, under an id that every document store can have', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 255 }), (text) => {
      const id = parseAppId(text);
      if (id === undefined) return;
      expect(appIdOf(appDocumentId(id))).toBe(id);
      expect(appDocumentId(id)).toMatch(/^[a-z0-9%][a-zA-Z0-9._%-]{0,764}$/);
    }),
  );
});

it.each([
  ['a letter written as a byte', '%61b'],
  ['a byte in small letters', 'a%2fb'],
  ['a capital letter', 'Ab'],
  ['half a byte', 'a%2'],
  ['a byte that is no character', '%FF'],
  ['a space', 'a b'],
  ['a line break', 'a%0A'],
])('takes no document id with %s for that of an app', (_, documentId) => {
  expect(() => appIdOf(documentId)).toThrow('a stored app has the document id');
});
