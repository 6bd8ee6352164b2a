import { parseResource } from './find-objects.ts';

const RESOURCE = { generation: '17', size: '3', crc32c: 'AAAAAA==', contentType: 'text/plain' };

describe('the description of an object', () => {
  it('is read whether its numbers are text or numbers', () => {
    const { info } = parseResource('a.txt', RESOURCE);
    expect(info).toMatchObject({ name: 'a.txt', generation: '17', size: 3 });
    expect(parseResource('a.txt', { ...RESOURCE, generation: 17, size: 3 }).info).toEqual(info);
  });

  it('of an object that others have put there has no digest and no writer', () => {
    const { info, writtenBy } = parseResource('a.txt', { ...RESOURCE, metadata: { other: 'x' } });
    expect(info).toMatchObject({ digest: '', cacheControl: '' });
    expect(writtenBy).toBeUndefined();
  });

  it.each([
    undefined,
    null,
    '<html>',
    {},
    { ...RESOURCE, generation: undefined },
    { ...RESOURCE, generation: 'x' },
    { ...RESOURCE, size: '' },
    { ...RESOURCE, size: {} },
    { ...RESOURCE, crc32c: undefined },
  ])('is a fault, never half an object: %j', (resource) => {
    expect(() => parseResource('a.txt', resource)).toThrow(/description/);
  });
});
