import { Fault } from './index.ts';

class PrinterFault extends Fault<'away' | 'no_paper'> {}

describe('a fault', () => {
  it('is named after its class, so that logs can tell', () => {
    const fault = new PrinterFault('away', 'the printer does not answer');
    expect(fault).toBeInstanceOf(Fault);
    expect(fault.name).toBe('PrinterFault');
    expect(fault.stack).toContain('the printer does not answer');
  });

  it('carries its code, its cause and what is known of it', () => {
    const cause = new Error('ECONNREFUSED');
    const details = { code: 'ECONNREFUSED', object: 'hall' };
    const fault = new PrinterFault('away', 'the printer does not answer', { cause, details });
    expect(fault).toMatchObject({ code: 'away', cause, details });
  });

  it('may know nothing more', () => {
    const fault = new PrinterFault('no_paper', 'there is no paper');
    expect(fault.details).toEqual({});
    expect(fault.cause).toBeUndefined();
  });
});
