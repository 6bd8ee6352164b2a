import { Fault, type FaultDetails } from '@keyserver/fault';
import fc from 'fast-check';
import { faultTrail } from './index.ts';

class StoreFault extends Fault {
  constructor(code: string, options?: ErrorOptions) {
    super(code, 'the store is away', options);
  }
}

describe('the trail of a fault', () => {
  it('names the classes, codes and places of an error and its causes', () => {
    const refused = Object.assign(new Error('connect 10.0.0.7:443'), { code: 'ECONNREFUSED' });
    const trail = faultTrail(new StoreFault('unavailable', { cause: refused }));
    expect(trail).toMatchObject([
      { class: 'StoreFault', code: 'unavailable' },
      { class: 'Error', code: 'ECONNREFUSED' },
    ]);
    expect(trail[0]?.at[0]).toMatch(/^libs\/log\/src\/fault-trail\.test\.ts:[0-9]+$/);
  });

  it('never carries a message', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 5 }), (sent) => {
        const message = `~${sent}~`;
        const trail = faultTrail(new TypeError(message, { cause: new StoreFault(message) }));
        return !JSON.stringify(trail).includes(JSON.stringify(message).slice(1, -1));
      }),
    );
  });

  it('takes no frame from a message that is dressed as one', () => {
    const line = 'x\n    at sent (/main/libs/c2VjcmV0IGtleQ.ts:1:2)';
    const trail = JSON.stringify(faultTrail(new Error(line)));
    expect(trail).not.toContain('c2VjcmV0IGtleQ');
    expect(trail).toContain('fault-trail.test.ts');
  });

  it('gives up the frames when the message was changed afterwards', () => {
    const error = new Error('at (/main/libs/first.ts:1:2)');
    expect(error.stack).toContain('first.ts'); // the stack is made when it is first read
    error.message = 'second';
    expect(faultTrail(error)).toEqual([{ class: 'Error', at: [] }]);
  });

  it('gives up the frames of an error without a stack', () => {
    const error = new Error('away');
    delete error.stack;
    expect(faultTrail(error)).toEqual([{ class: 'Error', at: [] }]);
  });

  it.each(['a name with spaces', '', 'lowercase', 'X'.repeat(99)])(
    'does not print %j as a class',
    (name) => {
      const error = new Error('away');
      error.name = name;
      expect(faultTrail(error)[0]?.class).toBe('Unknown');
    },
  );

  it.each(['what was sent', 42, 'Mixed_Case', ''])('does not print %j as a code', (code) => {
    expect(faultTrail(Object.assign(new Error('away'), { code }))[0]).not.toHaveProperty('code');
  });

  it.each([['thrown text'], [undefined], [null], [7], [{ message: 'sent' }]])(
    'says nothing of %j, which is no error',
    (thrown) => {
      expect(faultTrail(thrown)).toEqual([{ class: 'Unknown', at: [] }]);
    },
  );

  it('ends where the causes end, or after five', () => {
    const chain = (n: number): Error => new Error('link', n === 0 ? {} : { cause: chain(n - 1) });
    expect(faultTrail(chain(2))).toHaveLength(3);
    expect(faultTrail(chain(9))).toHaveLength(5);
    expect(faultTrail(new Error('away', { cause: 'sent' }))).toHaveLength(2);
    const circular = new Error('round');
    circular.cause = circular;
    expect(faultTrail(circular)).toHaveLength(5);
  });
});

describe('what a fault of ours knows of what failed below it', () => {
  class DatabaseFault extends Fault<'failed'> {
    constructor(details: unknown) {
      super('failed', 'the database failed', { details: details as FaultDetails });
    }
  }
  const detailOf = (details: unknown): unknown => faultTrail(new DatabaseFault(details))[0]?.detail;
  const whole = {
    code: 'SQLITE_CORRUPT',
    number: 11,
    text: 'database disk image is malformed',
    object: 'keyBatches',
    path: '/data/key server/keyserver.sqlite',
  };

  it('is told: code, number, fixed text, part and path', () => {
    expect(detailOf(whole)).toEqual(whole);
    expect(detailOf({ ...whole, path: 'C:\\data\\keyserver.sqlite' })).toHaveProperty('path');
  });

  it('leaves out whatever else it carries', () => {
    expect(detailOf({ ...whole, sent: 'by a client' })).toEqual(whole);
  });

  it.each([
    { code: 'lower_case' },
    { code: 'WITH SPACES' },
    { number: 0.5 },
    { number: '11' },
    { text: 'keys: c2VjcmV0' },
    { text: 'x'.repeat(99) },
    { object: 'two words' },
    { object: '' },
    { path: 'two\nlines' },
    { path: 7 },
  ])('does not print %j', (details) => {
    expect(detailOf(details)).toBeUndefined();
  });

  it.each([[undefined], [null], ['text'], [{}]])('may be missing: %j', (details) => {
    expect(detailOf(details)).toBeUndefined();
  });

  it('is not asked of the errors of others', () => {
    const error = Object.assign(new Error('away'), { details: whole });
    expect(faultTrail(error)[0]).not.toHaveProperty('detail');
  });
});
