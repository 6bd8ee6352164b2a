import { FederationFetchRequest } from '#generated/federation.js';
import fc from 'fast-check';
import { MAX_REGION_LENGTH, MAX_REQUEST_REGIONS, readRequest } from './fetch-request.ts';

const read = (request: FederationFetchRequest.$Properties) =>
  readRequest(FederationFetchRequest.encode(request).finish());

it('reads an empty request as the wish for everything, from the beginning', () => {
  expect(readRequest(new Uint8Array(0))).toEqual({
    ...{ includeRegions: [], excludeRegions: [], maxKeys: undefined, state: null },
    ...{ onlyTravelers: false, onlyLocalProvenance: false },
  });
});

it('reads regions in upper case, each once', () => {
  expect(read({ includeRegions: ['us', ' US', 'ca'], excludeRegions: ['mx'] })).toMatchObject({
    includeRegions: ['US', 'CA'],
    excludeRegions: ['MX'],
  });
});

it('passes over fields that it does not know', () => {
  const known = FederationFetchRequest.encode({ onlyTravelers: true }).finish();
  const unknown = Buffer.from([0xa2, 0x06, 1, 0x41]); // field 100, a text
  expect(readRequest(Buffer.concat([unknown, known]))).toMatchObject({ onlyTravelers: true });
});

describe('a request is refused', () => {
  it.each([
    ['wants and refuses one region', { includeRegions: ['US'], excludeRegions: ['US'] }, 'overlap'],
    [
      'does so in another case',
      { includeRegions: ['us'], excludeRegions: ['CA', 'US '] },
      'overlap',
    ],
    ['names an empty region', { includeRegions: ['US', ' '] }, 'regions'],
    ['refuses an empty region', { excludeRegions: [''] }, 'regions'],
    [
      'names one that is too long',
      { includeRegions: ['U'.repeat(MAX_REGION_LENGTH + 1)] },
      'regions',
    ],
    [
      'names too many',
      { excludeRegions: Array.from({ length: MAX_REQUEST_REGIONS + 1 }, (_, n) => `R${n}`) },
      'regions',
    ],
  ])('that %s', (_how, request, problem) => {
    expect(read(request)).toBe(problem);
  });

  it.each([
    ['a field that is cut off', Buffer.from([0x0a, 5, 0x55])],
    ['a number that never ends', Buffer.alloc(20, 0xff)],
    ['a state that is no message', Buffer.from([0x32, 2, 0x0a, 9])],
  ])('that holds %s', (_what, bytes) => {
    expect(readRequest(bytes)).toBe('malformed');
  });

  it('or read, whatever bytes come, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(() => readRequest(bytes)).not.toThrow();
      }),
    );
  });
});
