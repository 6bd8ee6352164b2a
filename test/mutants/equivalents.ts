/** A mutation that changes nothing anybody can observe, and why. */
export interface Equivalent {
  readonly file: string;
  /** The line's text, without the spaces around it. */
  readonly text: string;
  readonly change: string;
  readonly why: string;
}

/** Mutations that were looked at and found to change nothing; they do not count. */
export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'libs/export-file/src/encode.ts',
    text: 'const start = records.readUInt32LE(from + METADATA.start);',
    change: '+ → -',
    why: 'the start is the first of the metadata, at 0',
  },
  {
    file: 'libs/export-file/src/turn.ts',
    text: 'digits(MOST_EXCLUSIONS - exclusions, 4),',
    change: '4 → 5',
    why: 'the number has four digits at most, and all turns get the same further zero',
  },
  {
    file: 'libs/export-file/src/record-pile.ts',
    text: '(newest, { window }) => (newest === undefined || window > newest ? window : newest),',
    change: '> → >=',
    why: 'of two equal windows either is the newest',
  },
  {
    file: 'libs/export-file/src/file-bounds.ts',
    text: 'export const PHONE_FILE_BYTES = 16_000_000;',
    change: '16_000_000 → 16000001',
    why: 'it is compared with multiples of the 31 bytes of a key, none of which lies between',
  },
  {
    file: 'libs/stores/src/key-reader.ts',
    text: 'if (oldest >= until) return;',
    change: '>= → >',
    why: 'a span of no length holds nothing; it is only not asked for',
  },
  {
    file: 'libs/stores/src/key-reader.ts',
    text: 'const PARALLEL_SHARDS = 16;',
    change: '16 → 17',
    why: 'how many shards are read at once changes only how long it takes',
  },
  {
    file: 'libs/export-file/src/lateness.ts',
    text: 'const due = { coveredUntil, nothingBefore: eff, eff, windows, limit: 1 };',
    change: '1 → 2',
    why: 'only whether any batch is due matters, not how many',
  },
  {
    file: 'libs/stores/src/export-cut.ts',
    text: '): UnixMillis => windowStart(windows, unixMillis(Math.max(0, now - closingDelay)));',
    change: '0 → 1',
    why: 'store time is far from 1970, and a millisecond later the same window is open',
  },
  {
    file: 'libs/stores/src/export-index.ts',
    text: "const batches = index.batches.filter(({ state, start }) => state === 'stored' || start > since);",
    change: '> → >=',
    why: 'what starts just when the index begins is kept for nobody: every reader leaves it out',
  },
  {
    file: 'libs/stores/src/export-batch-listing.ts',
    text: 'const coveredUntil = progress?.coveredUntil ?? 0;',
    change: '0 → 1',
    why: 'no batch ends within a millisecond of 1970',
  },
  {
    file: 'services/publish/src/http/publish-request.ts',
    text: "const keySchema = { type: 'object', additionalProperties: false, properties: keyFields };",
    change: 'false → true',
    why: 'the parser before it refuses names that are not among the same fields',
  },
  {
    file: 'services/publish/src/http/publish-request.ts',
    text: "const requestSchema = { type: 'object', additionalProperties: false, properties: requestFields };",
    change: 'false → true',
    why: 'the parser before it refuses names that are not among the same fields',
  },
  {
    file: 'libs/exposure-keys/src/accept-keys.ts',
    text: 'let together = 0;',
    change: '0 → 1',
    why: 'the first key sets it to 1, whatever it was',
  },
  {
    file: 'libs/stores/src/store-probes.ts',
    text: 'for await (const page of store.pages(from, query)) if (page.length === 0) return;',
    change: 'page.length === 0 → !(page.length === 0)',
    why: 'what a probe asks for comes in one page',
  },
  {
    file: 'libs/health-authority/src/certificate.ts',
    text: 'const REMEMBERED_KEYS = 256;',
    change: '256 → 257',
    why: 'a key that is not remembered is read again, and is the same',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'const changed = (counts[at] ?? 0) + by;',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/record-pile.ts',
    text: 'const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.bytes + more));',
    change: '2 → 3',
    why: 'by how much the buffer grows changes only memory and time',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'sorted[bump(ends, values[at] ?? 0, -1)] = order[at] ?? 0;',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'values[at] = byteAt(records, order[at] ?? 0, byte) ^ flip;',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'records[n * RECORD_BYTES + byte] ?? 0;',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'const prefix = prefixOf(records, order[from] ?? 0);',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'while (to < order.length && prefixOf(records, order[to] ?? 0) === prefix) to++;',
    change: '0 → 1',
    why: 'a place below the length always holds a number; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/record-pile.ts',
    text: 'const START_RECORDS = 1024;',
    change: '1024 → 1025',
    why: 'how much is reserved at first changes only memory and time',
  },
  {
    file: 'libs/export-file/src/verification-keys.ts',
    text: "Number.isSafeInteger(value) && typeof value === 'number' && value >= 0 && value <= MAX_SECONDS;",
    change: '<= → <',
    why: 'the bound is no whole number, so no time lies on it',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'while (to < order.length && prefixOf(records, order[to] ?? 0) === prefix) to++;',
    change: '< → <=',
    why: 'what is ordered ends with the list, also when it is asked for one more',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'if (to - from > 1) order.subarray(from, to).sort((a, b) => compareKeys(records, a, b));',
    change: '- → +',
    why: 'a single key is in order, and may as well be put in order',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'if (to - from > 1) order.subarray(from, to).sort((a, b) => compareKeys(records, a, b));',
    change: '> → >=',
    why: 'a single key is in order, and may as well be put in order',
  },
  {
    file: 'libs/export-file/src/check-keys.ts',
    text: 'function keyRange({ start = 0 }: WireExport, times: KeyTimes, recalled: boolean): KeyRange {',
    change: '0 → 1',
    why: 'both are on the first day of 1970, from which keys are counted',
  },
  {
    file: 'libs/export-file/src/check-keys.ts',
    text: '.map((value, n) => value - (others[n] ?? 0))',
    change: '0 → 1',
    why: 'both lists have the same five numbers; the default is there for the compiler',
  },
  {
    file: 'libs/export-file/src/inspect.ts',
    text: 'const dayOf = ({ start }: WireKey): number => Math.floor(((start ?? 0) * INTERVAL) / DAY);',
    change: '0 → 1',
    why: 'both are on the first day of 1970',
  },
  {
    file: 'libs/export-file/src/read-export.ts',
    text: 'if (entry.uncompressedSize > (MAX_BYTES.get(name) ?? 0)) {',
    change: '0 → 1',
    why: 'only entries that have a bound are read',
  },
  {
    file: 'libs/export-file/src/record-pile.ts',
    text: 'if (this.bytes + more <= this.buffer.length) return;',
    change: '<= → <',
    why: 'when the buffer grows changes only memory and time',
  },
  {
    file: 'libs/export-file/src/export-config.ts',
    text: '.sort((a, b) => b.from - a.from || (a.id < b.id ? 1 : -1));',
    change: '1 → 2',
    why: 'only the sign of what a comparison gives counts',
  },
  {
    file: 'libs/export-file/src/export-config.ts',
    text: '.sort((a, b) => b.from - a.from || (a.id < b.id ? 1 : -1));',
    change: '< → <=',
    why: 'no two keys have the same id',
  },
  {
    file: 'libs/export-file/src/wire-format.ts',
    text: 'const bytes = new Uint8Array(6);',
    change: '6 → 7',
    why: 'only as much of it as was written is used',
  },
  {
    file: 'libs/export-file/src/wire-format.ts',
    text: 'const head = new Uint8Array(6);',
    change: '6 → 7',
    why: 'only as much of it as was written is used',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'for (let value = 0; value < BYTE_VALUES; value++) before = bump(ends, value, before);',
    change: '< → <=',
    why: 'a typed array ignores what is written past its end',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'for (let at = 0; at < values.length; at++)',
    change: '< → <=',
    why: 'a typed array ignores what is written past its end',
  },
  {
    file: 'libs/export-file/src/order.ts',
    text: 'const BYTE_VALUES = 256;',
    change: '256 → 257',
    why: 'no byte has the further value',
  },
  {
    file: 'libs/sqlite/src/array-file.ts',
    text: 'const MAPPED_BYTES = 2 ** 30;',
    change: '30 → 31',
    why: 'how much of a file is read through memory changes only how long it takes',
  },
  {
    file: 'libs/sqlite/src/table.ts',
    text: "if (typeof ids !== 'string' || typeof lengths !== 'string')",
    change: '|| → &&',
    why: 'json_group_array gives a text for both or, without a row, for neither',
  },
  {
    file: 'libs/sqlite/src/array-index.ts',
    text: 'return asOf < this.knownSince || values.some((value) => (this.added.get(value) ?? 0) > asOf);',
    change: '0 → 1',
    why: 'only a search before the first commit is as of 0, and it is merely repeated',
  },
  {
    file: 'libs/sqlite/src/sweeper.ts',
    text: "this.positions.set(collection, isEnd ? '' : String(seen.at(-1)?.['id']));",
    change: '1 → 2',
    why: 'the last document that was looked at is looked at once more; there are 500 when it is not the end',
  },
  {
    file: 'libs/stores/src/store-probes.ts',
    text: 'limit: 1,',
    change: '1 → 2',
    why: 'that something can be read is asked for, and what is read is thrown away',
  },
  {
    file: 'libs/stores/src/export-batch-work.ts',
    text: 'if (bytes > MOST_BYTES) break;',
    change: '> → >=',
    why: 'so many bytes are two MiB below what a transaction takes, so exactly so many fit in either way',
  },
];
