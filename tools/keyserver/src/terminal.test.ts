import { PassThrough } from 'node:stream';
import { openTerminal } from './terminal.ts';

const aTerminal = (
  said = '',
): { terminal: ReturnType<typeof openTerminal>; output: PassThrough; errors: PassThrough } => {
  const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
  input.end(said);
  return { terminal: openTerminal(input, output, errors), output, errors };
};

describe('the terminal', () => {
  it('writes to the stream that is meant', () => {
    const { terminal, output, errors } = aTerminal();
    terminal.out('result');
    terminal.err('trouble');
    expect([output.read(), errors.read()].map(String)).toEqual(['result', 'trouble']);
  });

  it('is interactive only when its input is a terminal', () => {
    expect(aTerminal().terminal.interactive).toBe(false);
    const tty = Object.assign(new PassThrough(), { isTTY: true });
    expect(openTerminal(tty, new PassThrough(), new PassThrough()).interactive).toBe(true);
  });

  it.each([
    [{}, undefined],
    [{ columns: 100 }, undefined],
    [{ isTTY: true, columns: 100 }, 100],
    [{ isTTY: true, columns: 0 }, 80],
    [{ isTTY: true }, 80],
  ])('with an error stream %j has columns %s there', (stream, columns) => {
    const errors = Object.assign(new PassThrough(), stream);
    const { errorColumns } = openTerminal(new PassThrough(), new PassThrough(), errors);
    expect(errorColumns).toBe(columns);
  });

  it.each([
    ['y\n', true],
    ['Yes\n', true],
    ['n\n', false],
    ['yesterday\n', false],
    ['\n', false],
    ['', false],
  ])('takes %j for %j, and asks on the error stream', async (said, answer) => {
    const { terminal, output, errors } = aTerminal(said);
    expect(await terminal.ask('Apply?')).toBe(answer);
    expect(String(errors.read())).toContain('Apply? [y/N] ');
    expect(output.read()).toBeNull();
  });
});
