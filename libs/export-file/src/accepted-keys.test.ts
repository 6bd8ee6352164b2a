import {
  DEFAULT_KEY_RULES,
  type ExposureKey,
  KEY_AGE_HOURS,
  type KeyBatch,
  ONSET_DISTANCE_DAYS,
  type OfferedKey,
  acceptKeys,
  releaseWindow,
} from '@keyserver/exposure-keys';
import {
  DAY,
  HOUR,
  SECOND,
  type UnixMillis,
  type WindowLength,
  floorTo,
  intervalAt,
  unixMillis,
  alwaysWindow,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { cutFiles } from './cut-files.ts';
import { encodeExport } from './encode.ts';
import { KeySelection } from './select.ts';
import { archiveOf, theKey, theSigner } from './testing/archives.ts';
import { aKeyBatch, someRules } from './testing/builders.ts';
import { verifyExport } from './verify.ts';

/** All that decides which keys a server takes and what its files look like, within the bounds that an operator has. */
const anyServer = fc.record({
  ageHours: fc.oneof(
    fc.constantFrom(KEY_AGE_HOURS.min, KEY_AGE_HOURS.default, KEY_AGE_HOURS.max),
    fc.integer({ min: KEY_AGE_HOURS.min, max: KEY_AGE_HOURS.max }),
  ),
  onsetDays: fc.integer({ min: ONSET_DISTANCE_DAYS.min, max: ONSET_DISTANCE_DAYS.max }),
  window: fc.constantFrom(60, 300, 3600, 21_600, 86_400).map(windowOf),
  periods: fc.constantFrom(1, 2, 24),
  maxRecords: fc.constantFrom(1, 7, 1_000_000),
});

/** An upload: when it is checked, how much later it is stored, and its keys by how far they lie back. */
const anyUpload = fc.record({
  at: fc.integer({ min: 0, max: DAY - 1 }).map((ms) => unixMillis(Date.UTC(2021, 4, 4) + ms)),
  delay: fc.integer({ min: 0, max: 330 * SECOND }),
  ages: fc.array(
    fc.record({
      endsBefore: fc.oneof(fc.constantFrom(-144, 0), fc.integer({ min: -144, max: 31 * 144 })),
      fromLimit: fc.boolean(),
      period: fc.oneof(fc.constantFrom(1, 144), fc.integer({ min: 1, max: 144 })),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});

function windowOf(seconds: number): WindowLength {
  const window = windowLength(seconds * SECOND);
  if (window === undefined) throw new Error('a window divides a day');
  return window;
}

type Server = typeof anyServer extends fc.Arbitrary<infer T> ? T : never;
type Sent = typeof anyUpload extends fc.Arbitrary<infer T> ? T : never;

/** What the server keeps of an upload; keys at the very limit of their age among them. */
function kept({ at, ages }: Sent, server: Server): readonly ExposureKey[] {
  const rules = {
    ...DEFAULT_KEY_RULES,
    maxAge: server.ageHours * HOUR,
    maxOnsetMagnitude: server.onsetDays,
  };
  const limit = Math.floor((at - rules.maxAge) / (600 * SECOND));
  return ages.flatMap(({ endsBefore, fromLimit, period }, n) => {
    const end = fromLimit ? limit + Math.floor(endsBefore / 144) : intervalAt(at) - endsBefore;
    const offered: OfferedKey = {
      key: Buffer.alloc(16, n).toString('base64'),
      rollingStartNumber: end - period,
      rollingPeriod: period,
      transmissionRisk: 0,
    };
    // One upload each, so that they do not contradict each other; onset lies where a key may still be kept.
    const onset = end - period + 144 * Math.min(server.onsetDays, 13);
    const context = { now: at, reportType: 'confirmed', rules, onsetCandidates: [onset] } as const;
    const outcome = acceptKeys([offered], context);
    return outcome.kind === 'accepted' ? outcome.keys : [];
  });
}

/** The documents that the keys are stored as, each in its window. */
const storedAs = (keys: readonly ExposureKey[], sent: Sent, server: Server): KeyBatch[] =>
  keys.map((key) => {
    const storedAt = unixMillis(sent.at + sent.delay);
    const window = releaseWindow(key.start + key.period, storedAt, alwaysWindow(server.window));
    return aKeyBatch([key], { window });
  });

interface Span {
  readonly start: UnixMillis;
  readonly end: UnixMillis;
}

function selectionOf(documents: readonly KeyBatch[], { start, end }: Span): KeySelection {
  const selection = new KeySelection(someRules());
  for (const document of documents)
    if (document.window >= start && document.window < end) selection.add(document);
  return selection;
}

/** The spans of so many milliseconds that hold a document. */
const spansOf = (documents: readonly KeyBatch[], length: number): readonly Span[] =>
  [...new Set(documents.map(({ window }) => floorTo(window, length)))].map((start) => ({
    start,
    end: unixMillis(start + length),
  }));

const archivesOf = async (
  documents: readonly KeyBatch[],
  span: Span,
  { maxRecords }: Server,
): Promise<readonly Uint8Array[]> =>
  await Promise.all(
    cutFiles(selectionOf(documents, span), {
      ...span,
      region: 'US',
      signers: [theSigner],
      maxRecords,
    }).map(async (contents) => await archiveOf(Buffer.concat([...encodeExport(contents)]))),
  );

it('finds nothing wrong with any file of keys that a server accepts, whatever its settings are', async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(anyServer, anyUpload, async (server, sent) => {
      const documents = storedAs(kept(sent, server), sent, server);
      for (const length of [Math.min(server.window * server.periods, DAY), DAY])
        for (const span of spansOf(documents, length))
          for (const zip of await archivesOf(documents, span, server)) {
            const against = { keys: [theKey], now: span.end, maxKeyAgeHours: server.ageHours };
            expect((await verifyExport(zip, against)).violations).toEqual([]);
            files += 1;
          }
    }),
    { numRuns: 50 },
  );
  expect(files).toBeGreaterThan(100);
});
