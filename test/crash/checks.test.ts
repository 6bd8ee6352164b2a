import {
  type Observation,
  type SeenBatch,
  type SeenPadding,
  type SentUpload,
  type Snapshot,
  batchProblems,
  objectProblems,
  repetitionProblems,
  uploadProblems,
} from './checks.ts';

const sent = (outcome: SentUpload['outcome'], of: Partial<SentUpload> = {}): SentUpload => ({
  outcome,
  ended: ['a', 'b'],
  valid: [],
  ...of,
});
const files = (...keys: readonly string[][]) =>
  keys.map((listed, n) => ({ name: `${n}.zip`, keys: listed }));

describe('the check of uploads against files', () => {
  const padding = new Set(['p']);
  const problems = (uploads: readonly SentUpload[], ...keys: readonly string[][]) =>
    uploadProblems(uploads, files(...keys), padding);

  it.each<[string, readonly SentUpload[], readonly string[][]]>([
    ['every key in one file', [sent('stored')], [['a', 'p'], ['b']]],
    ['an upload without an answer that is there', [sent('unknown')], [['a', 'b']]],
    ['an upload without an answer that is not there', [sent('unknown')], [['p']]],
    ['a valid key that is in no file', [sent('stored', { valid: ['v'] })], [['a', 'b']]],
  ])('accepts %s', (_, uploads, keys) => {
    expect(problems(uploads, ...keys)).toEqual([]);
  });

  it.each<[string, readonly SentUpload[], readonly string[][], string]>([
    ['a lost key', [sent('stored')], [['a']], 'b is lost'],
    ['a lost upload', [sent('stored', { ended: ['a'] })], [], 'a is lost'],
    ['a key in two files', [sent('stored')], [['a', 'b'], ['b']], 'b is in 0.zip and 1.zip'],
    ['a key twice in one file', [sent('stored')], [['a', 'b', 'a']], 'a is in 0.zip and 0.zip'],
    ['a doubled key without an answer', [sent('unknown')], [['a', 'b'], ['a']], 'a is in 0.zip'],
    ['half an upload', [sent('unknown')], [['b']], 'a of an upload is missing'],
    ['a valid key', [sent('unknown', { valid: ['v'] })], [['a', 'b', 'v']], 'v is published'],
    ['a key from nowhere', [sent('stored')], [['a', 'b', 'x']], 'x was neither sent nor'],
    ['padding in two files', [sent('stored')], [['a', 'b', 'p'], ['p']], 'p is in 0.zip and 1.zip'],
  ])('reports %s', (_, uploads, keys, problem) => {
    expect(problems(uploads, ...keys)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the check of listed objects', () => {
  const seen = (name: string, digest: string | undefined = 'd', violations: string[] = []) => ({
    name,
    digest,
    violations,
  });
  const good: Observation = {
    listings: [[], ['a'], ['a', 'b', 'c']],
    downloads: [seen('a'), seen('b'), seen('c'), seen('a'), seen('unlisted', 'x')],
  };

  it('accepts an index that grows and files that stay', () => {
    expect(objectProblems(good)).toEqual([]);
  });

  it.each<[string, Partial<Observation>, string]>([
    [
      'a changed object',
      { downloads: [...good.downloads, seen('b', 'other')] },
      'b has had 2 contents',
    ],
    [
      'a file that was listed before it was there',
      { downloads: [{ name: 'c', digest: undefined, violations: [] }, ...good.downloads] },
      'c is listed but missing',
    ],
    [
      'a file that does not verify',
      { downloads: [...good.downloads, seen('a', 'd', ['bad_signature'])] },
      'a: bad_signature',
    ],
    ['a file that nobody looked at', { downloads: good.downloads.slice(1, 3) }, 'a was never'],
    [
      'a file that lost its line',
      {
        listings: [
          ['a', 'b'],
          ['b', 'a', 'c'],
        ],
      },
      'a lost its line',
    ],
    ['a file above the last line', { listings: [['b'], ['a', 'b']] }, 'b lost its line'],
    ['an index that shrank', { listings: [['a', 'b'], ['a']] }, 'b lost its line'],
    ['a file listed twice', { listings: [['a', 'a']] }, 'lists a file twice'],
  ])('reports %s', (_, of, problem) => {
    expect(objectProblems({ ...good, ...of })).toContainEqual(expect.stringContaining(problem));
  });
});

const batch = (n: number, of: Partial<SeenBatch> = {}): SeenBatch => ({
  id: `us-${n}`,
  config: 'us',
  start: n * 10,
  end: n * 10 + 10,
  state: 'complete',
  sequence: n,
  files: [`${n}.zip`],
  ...of,
});
const pad = (sequence: number, of: Partial<SeenPadding> = {}): SeenPadding => ({
  id: `pad-${sequence}`,
  sequence,
  keys: 5,
  ...of,
});

describe('the check of batches', () => {
  const problems = (batches: readonly SeenBatch[], padding: readonly SeenPadding[] = []) =>
    batchProblems(batches, padding, 10);

  it('accepts batches side by side, empty ones, and those of another export over the same time', () => {
    const empty = batch(3, { state: 'empty', sequence: undefined });
    const other = batch(4, { config: 'ca', start: 10, end: 30 });
    expect(problems([batch(1), batch(2), empty, other], [pad(1), pad(2)])).toEqual([]);
  });

  it.each<[string, readonly SeenBatch[], readonly SeenPadding[], string]>([
    ['two of the same time', [batch(1), batch(2, { start: 15 })], [], 'us-1 and us-2 cover'],
    ['one that is not finished', [batch(1, { state: 'open' })], [], 'us-1 is open'],
    ['one that is not listed', [batch(1, { state: 'stored' })], [], 'us-1 is stored'],
    ['shared padding', [batch(1), batch(2, { sequence: 1 })], [], 'us-1 and us-2 share padding 1'],
    ['padding that was made twice', [batch(1)], [pad(1), pad(2)], 'padding 2 belongs to no batch'],
    [
      'more padding than one batch may have',
      [batch(1)],
      [pad(1), pad(1, { id: 'again', keys: 6 })],
      'padding 1 has 11 keys',
    ],
  ])('reports %s', (_, batches, padding, problem) => {
    expect(problems(batches, padding)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the check of a repetition', () => {
  const before: Snapshot = {
    objects: new Map([
      ['v1/index.txt/@1.json', 'i'],
      ['v1/a.zip/@1.json', 'a'],
    ]),
    batches: [batch(1)],
    padding: [pad(1)],
  };
  const empty = batch(2, { state: 'empty', sequence: undefined, files: [] });

  it('accepts that nothing has changed, and the empty batches of time that passed', () => {
    expect(repetitionProblems(before, before)).toEqual([]);
    expect(repetitionProblems(before, { ...before, batches: [batch(1), empty] })).toEqual([]);
  });

  it.each<[string, Partial<Snapshot>, string]>([
    ['a new object', { objects: new Map([...before.objects, ['b', 'b']]) }, 'b is new'],
    ['an object that is gone', { objects: new Map([...before.objects].slice(1)) }, 'is gone'],
    [
      'a changed object',
      { objects: new Map([...before.objects, ['v1/a.zip/@1.json', 'x']]) },
      'v1/a.zip/@1.json has changed',
    ],
    ['a new batch with files', { batches: [batch(1), batch(2)] }, 'batch us-2 is new'],
    ['a batch that is gone', { batches: [] }, 'batch us-1 is gone'],
    ['a batch with other files', { batches: [batch(1, { files: ['x'] })] }, 'us-1 has changed'],
    ['new padding', { padding: [pad(1), pad(2)] }, 'padding pad-2 is new'],
    ['padding that is gone', { padding: [] }, 'padding is gone'],
  ])('reports %s', (_, of, problem) => {
    expect(repetitionProblems(before, { ...before, ...of })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});
