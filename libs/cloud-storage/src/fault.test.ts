import { CloudStorageFault, faultOf, isPassing, statusOf } from './fault.ts';

describe('an error of the client', () => {
  it.each([408, 429, 500, 502, 503, 504])('with status %i passes', (status) => {
    expect(isPassing({ status })).toBe(true);
  });

  it.each([400, 401, 403, 404, 409, 410, 412, 416, 499, 501])('with status %i stays', (status) => {
    expect(isPassing({ status })).toBe(false);
  });

  it('without a status passes, as nobody has answered', () => {
    expect(isPassing(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe(true);
  });

  it('stays when it is a fault already', () => {
    expect(isPassing(new CloudStorageFault('corrupted', 'reading'))).toBe(false);
  });

  it.each([undefined, null, 'text', {}, { code: 'ECONNRESET' }, { status: '404' }])(
    'has no status: %j',
    (error) => {
      expect(statusOf(error)).toBeUndefined();
    },
  );

  it.each([
    [{ code: 401 }, 'forbidden'],
    [{ code: 403 }, 'forbidden'],
    [{ code: 404, message: 'The specified bucket does not exist.' }, 'no_bucket'],
    [{ code: 404, message: 'No such object: exports/a' }, 'refused'],
    [{ status: 400 }, 'refused'],
    [{ code: 503 }, 'away'],
    [new Error('no answer'), 'away'],
  ])('%j is the fault %s', (error, code) => {
    expect(faultOf('reading', error)).toMatchObject({ code, cause: error });
  });
});
