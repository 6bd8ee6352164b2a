import {
  type Observation,
  type SeenBatch,
  type SeenCell,
  type SeenCells,
  type SeenPadding,
  type SentUpload,
  type Snapshot,
  batchProblems,
  objectProblems,
  paddingProblems,
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
  frozen: true,
  files: [`${n}.zip`],
  ...of,
});
const cell = (n: number, of: Partial<SeenCell> = {}): SeenCell => ({
  ...{ id: `cell-${n}`, attempt: 'a', documents: 1 },
  ...of,
});
const pad = (n: number, of: Partial<SeenPadding> = {}): SeenPadding => ({
  ...{ id: `pad-${n}`, cell: `cell-${n}`, attempt: 'a', keys: [`${n}p`, `${n}q`] },
  ...of,
});
const dead = pad(1, { id: 'dead', attempt: 'b', keys: ['d'] });

describe('the check of batches', () => {
  const problems = (
    batches: readonly SeenBatch[],
    { cells = [], padding = [] }: Partial<SeenCells> = {},
  ) => batchProblems(batches, { cells, padding }, 2);

  it('accepts batches side by side, empty ones, and those of another export over the same time', () => {
    const empty = batch(3, { state: 'empty', frozen: false });
    const other = batch(4, { config: 'ca', start: 10, end: 30 });
    const seen = { cells: [cell(1), cell(2)], padding: [pad(1), dead, pad(2)] };
    expect(problems([batch(1), batch(2), empty, other], seen)).toEqual([]);
  });

  it('accepts cells that needed no padding, and padding of cells that nobody settled', () => {
    const seen = { cells: [cell(1, { documents: 0 })], padding: [pad(2)] };
    expect(problems([batch(1)], seen)).toEqual([]);
  });

  it.each<[string, readonly SeenBatch[], Partial<SeenCells>, string]>([
    ['two of the same time', [batch(1), batch(2, { start: 15 })], {}, 'us-1 and us-2 cover'],
    ['one that is not finished', [batch(1, { state: 'open' })], {}, 'us-1 is open'],
    ['one that is not listed', [batch(1, { state: 'stored' })], {}, 'us-1 is stored'],
    [
      'a cell whose documents are not there',
      [],
      { cells: [cell(1)], padding: [dead] },
      'cell-1 has 0 documents',
    ],
    [
      'a cell with documents that it was not settled with',
      [],
      { cells: [cell(1)], padding: [pad(1, { keys: [] }), pad(1, { id: 'more' })] },
      'cell-1 has 2 documents',
    ],
    [
      'more padding than one cell may have',
      [],
      { cells: [cell(1)], padding: [pad(1, { keys: ['p', 'q', 'r'] })] },
      'cell-1 has 3 generated keys',
    ],
  ])('reports %s', (_, batches, seen, problem) => {
    expect(problems(batches, seen)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('the check of generated keys in files', () => {
  const seen = { cells: [cell(1), cell(2)], padding: [pad(1), pad(2), dead] };
  const all = ['1p', '1q', '2p', '2q'];

  it('accepts all keys of all cells in the files of each export, however they are spread', () => {
    const spread = { fast: files(['1p', 'x'], ['1q'], ['2q', '2p']), slow: files(all) };
    expect(paddingProblems(seen, spread)).toEqual([]);
  });

  it.each<[string, readonly string[], readonly string[], string]>([
    ['a lost key', all, ['1p', '2p', '2q'], 'slow lacks keys of pad-1, which cell-1 is'],
    ['a cell that another export has alone', ['1p', '1q'], all, 'fast lacks keys of pad-2'],
    [
      'a key that no cell names',
      [...all, 'd'],
      all,
      'fast has keys of dead, which cell-1 does not',
    ],
  ])('reports %s', (_, fast, slow, problem) => {
    expect(paddingProblems(seen, { fast: files([...fast]), slow: files([...slow]) })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});

describe('the check of a repetition', () => {
  const before: Snapshot = {
    objects: new Map([
      ['v1/index.txt/@1.json', 'i'],
      ['v1/a.zip/@1.json', 'a'],
    ]),
    batches: [batch(1)],
    seen: { cells: [cell(1)], padding: [pad(1), dead] },
  };
  const empty = batch(2, { state: 'empty', frozen: false, files: [] });

  it('accepts no change, empty batches of time that passed, and that dead attempts go', () => {
    expect(repetitionProblems(before, before)).toEqual([]);
    const later = { ...before, batches: [batch(1), empty] };
    expect(repetitionProblems(before, later)).toEqual([]);
    const cleaned = { cells: [cell(1)], padding: [pad(1)] };
    expect(repetitionProblems(before, { ...before, seen: cleaned })).toEqual([]);
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
    ['new padding', { seen: { cells: [cell(1)], padding: [pad(1), pad(2)] } }, 'pad-2 is new'],
    ['padding that is gone', { seen: { cells: [cell(1)], padding: [] } }, 'pad-1 is gone'],
    ['a new cell', { seen: { ...before.seen, cells: [cell(1), cell(2)] } }, 'cell-2 is new'],
    ['a cell that is gone', { seen: { ...before.seen, cells: [] } }, 'cell cell-1 is gone'],
    [
      'a cell that was settled again',
      { seen: { ...before.seen, cells: [cell(1, { attempt: 'b' })] } },
      'cell-1 names another attempt',
    ],
  ])('reports %s', (_, of, problem) => {
    expect(repetitionProblems(before, { ...before, ...of })).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});
