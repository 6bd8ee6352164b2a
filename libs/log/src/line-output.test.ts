import { MINUTE, SECOND } from '@keyserver/time';
import { PassThrough } from 'node:stream';
import { type LineOutput, attemptOn, lineOutput } from './line-output.ts';
import { type ManualTimers, manualTimers } from '@keyserver/time/testing';

interface Trial {
  readonly output: LineOutput;
  readonly timers: ManualTimers;
  /** What was written. */
  readonly written: string[];
  /** What others were told. */
  readonly told: string[];
  /** How often a write was tried. */
  tries: number;
  fault: Error | undefined;
}

function trialOf(): Trial {
  const timers = manualTimers();
  const trial: Omit<Trial, 'output'> = {
    timers,
    written: [],
    told: [],
    tries: 0,
    fault: undefined,
  };
  const output = lineOutput({
    attempt: (lines, done) => {
      trial.tries += 1;
      if (trial.fault !== undefined) throw trial.fault;
      trial.written.push(lines);
      done();
    },
    onLoss: (fault) => trial.told.push(`loss: ${(fault as Error).message}`),
    onRecovery: (lost) => trial.told.push(`recovery: ${lost}`),
    lossLine: (lost) => `${lost} lines are missing\n`,
    timers,
  });
  return Object.assign(trial, { output });
}

describe('an output of lines', () => {
  it('does not throw when nothing can be written, and says so once', () => {
    const trial = trialOf();
    trial.fault = new Error('the disk is full');
    for (const line of ['one\n', 'two\n', 'three\nfour\n']) trial.output.write(line);
    expect(trial.told).toEqual(['loss: the disk is full']);
    expect(trial.output.isLosing()).toBe(true);
  });

  it('tries nothing more until it is time to look again', async () => {
    const trial = trialOf();
    trial.fault = new Error('the disk is full');
    for (let n = 0; n < 100; n++) trial.output.write('line\n');
    expect(trial.tries).toBe(1);
    await trial.timers.advance(5 * SECOND);
    expect(trial.tries).toBe(2);
  });

  it('says how many lines are missing before the first that is written again', async () => {
    const trial = trialOf();
    trial.output.write('before\n');
    trial.fault = new Error('the disk is full');
    trial.output.write('one\ntwo\n');
    trial.output.write('three\n');
    trial.fault = undefined;
    await trial.timers.advance(5 * SECOND);
    trial.output.write('after\n');
    expect(trial.written).toEqual(['before\n', '3 lines are missing\n', 'after\n']);
    expect(trial.told).toEqual(['loss: the disk is full', 'recovery: 3']);
    expect(trial.output.isLosing()).toBe(false);
  });

  it('counts on while it cannot be written', async () => {
    const trial = trialOf();
    trial.fault = new Error('the disk is full');
    for (let n = 0; n < 10; n++) {
      trial.output.write('line\n');
      await trial.timers.advance(MINUTE);
    }
    trial.fault = undefined;
    await trial.timers.advance(MINUTE);
    expect(trial.written).toEqual(['10 lines are missing\n']);
    expect(trial.told).toHaveLength(2);
  });

  it('speaks of an output that fails by turns once a minute, not at every turn', async () => {
    const trial = trialOf();
    for (let second = 0; second < 3600; second++) {
      trial.fault = second % 2 === 0 ? new Error('nearly full') : undefined;
      trial.output.write('line\n');
      await trial.timers.advance(SECOND);
    }
    expect(trial.told.length).toBeLessThan(2 * 70);
    expect(trial.told.length).toBeGreaterThan(0);
  });

  it('looks again soon when it had been well for a minute', async () => {
    const trial = trialOf();
    const failFor = async (ms: number): Promise<void> => {
      trial.fault = new Error('the disk is full');
      trial.output.write('line\n');
      await trial.timers.advance(ms);
      trial.fault = undefined;
    };
    await failFor(10 * MINUTE);
    await trial.timers.advance(MINUTE);
    expect(trial.output.isLosing()).toBe(false);
    await trial.timers.advance(MINUTE);
    await failFor(0);
    await trial.timers.advance(5 * SECOND);
    expect(trial.output.isLosing()).toBe(false);
  });

  it('tries once more at its end', async () => {
    const trial = trialOf();
    trial.fault = new Error('the disk is full');
    trial.output.write('line\n');
    trial.fault = undefined;
    trial.output.close();
    expect(trial.written).toEqual(['1 lines are missing\n']);
    await trial.timers.advance(MINUTE);
    expect(trial.tries).toBe(2);
  });
});

describe('an output over a stream', () => {
  const outputOver = (stream: PassThrough, told: string[] = []): LineOutput =>
    lineOutput({
      attempt: attemptOn(stream),
      onLoss: (fault) => told.push((fault as Error).message),
      onRecovery: (lost) => told.push(`recovery: ${lost}`),
      lossLine: (lost) => `${lost}\n`,
      timers: manualTimers(),
    });

  it('outlives a reader that has gone', async () => {
    const stream = new PassThrough();
    const told: string[] = [];
    const output = outputOver(stream, told);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.destroy(new Error('EPIPE'));
    await closed;
    output.write('line\n');
    await new Promise(setImmediate);
    expect(told).toHaveLength(1);
  });

  it('keeps no more than a bound for a reader that takes nothing', () => {
    const stream = new PassThrough();
    const told: string[] = [];
    const output = outputOver(stream, told);
    for (let n = 0; n < 1000; n++) output.write(`${'x'.repeat(10_000)}\n`);
    expect(stream.writableLength).toBeLessThan(5_000_000);
    expect(told).toEqual(['nobody reads this output']);
  });
});
