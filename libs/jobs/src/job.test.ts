import { jobAnswer } from './index.ts';

describe('the answer of a job', () => {
  it.each([
    [{ kind: 'done', done: 4, left: 0 }, 200, '{"ok":true}'],
    [{ kind: 'done', done: 4, left: 2 }, 200, '{"ok":true,"left":2}'],
    [{ kind: 'too_early' }, 200, '{"error":"too early"}'],
    [
      { kind: 'failed', done: 1, left: 1, problems: ['no signing key', 'the deadline passed'] },
      500,
      '{"errors":["no signing key","the deadline passed"]}',
    ],
  ] as const)('to %j is %d %s', (report, status, body) => {
    expect(jobAnswer(report)).toEqual({ status, body });
  });
});
