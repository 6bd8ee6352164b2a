import { SECOND } from '@keyserver/time';
import { manualTimers } from '@keyserver/time/testing';
import { type Tell, withProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** Runs work for which time stands still, and gives what it wrote to the error stream, piece by piece. */
async function shownBy(
  work: (tell: Tell, pass: (ms: number) => Promise<void>) => Promise<void>,
  errorColumns?: number,
): Promise<readonly string[]> {
  const timers = manualTimers();
  const pieces: string[] = [];
  const terminal: Terminal = {
    out: () => {
      throw new Error('progress is no result');
    },
    err: (text) => {
      pieces.push(text);
    },
    interactive: false,
    ask: async () => await Promise.resolve(false),
    ...(errorColumns === undefined ? {} : { errorColumns }),
  };
  const done = withProgress({ terminal, timers }, async (tell) => {
    await work(tell, async (ms) => {
      await timers.advance(ms);
    });
  });
  await done.catch((error: unknown) => pieces.push(String(error)));
  return pieces;
}

describe('the progress of a command', () => {
  it.each([undefined, 80])('says nothing of short work (%s columns)', async (columns) => {
    const short = async (tell: Tell, pass: (ms: number) => Promise<void>): Promise<void> => {
      tell('1 document');
      await pass(SECOND - 1);
      tell('2 documents');
    };
    expect(await shownBy(short, columns)).toEqual([]);
  });

  it('is a line at most every ten seconds in a log', async () => {
    const pieces = await shownBy(async (tell, pass) => {
      for (let second = 0; second < 25; second += 1) {
        tell(`${second} s`);
        await pass(SECOND);
      }
    });
    expect(pieces).toEqual(['10 s\n', '20 s\n']);
  });

  it('counts the ten seconds from the line that was written, also when a step took longer', async () => {
    const pieces = await shownBy(async (tell, pass) => {
      for (const [ms, text] of [
        [17 * SECOND, 'late'],
        [9 * SECOND, 'too soon'],
        [SECOND, 'again'],
      ] as const) {
        await pass(ms);
        tell(text);
      }
    });
    expect(pieces).toEqual(['late\n', 'again\n']);
  });

  it('is one line in a terminal, renewed at most once a second and cleared at the end', async () => {
    const pieces = await shownBy(async (tell, pass) => {
      for (const text of ['none', '1000 documents', 'never seen', 'done']) {
        tell(text);
        await pass(text === '1000 documents' ? SECOND / 2 : SECOND);
      }
    }, 80);
    expect(pieces).toEqual(['\r1000 documents', '\rdone          ', '\r    ', '\r']);
  });

  it.each([
    [8, '\r1234567'],
    [1, '\r'],
    [0, '\r'],
  ])('never wraps in a terminal of %d columns', async (columns, line) => {
    const [first] = await shownBy(async (tell, pass) => {
      await pass(SECOND);
      tell('1234567890');
    }, columns);
    expect(first).toBe(line);
  });

  it('is cleared before a failure is told', async () => {
    const pieces = await shownBy(async (tell, pass) => {
      await pass(SECOND);
      tell('half');
      throw new Error('the other half is gone');
    }, 80);
    expect(pieces).toEqual(['\rhalf', '\r    ', '\r', 'Error: the other half is gone']);
  });
});
