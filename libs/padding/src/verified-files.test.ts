import {
  KeySelection,
  type NamedSigner,
  cutFiles,
  encodeExport,
  signExport,
  verifyExport,
  writeArchive,
} from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import {
  type ExposureKey,
  KEY_RULE_CHOICES,
  keyRulesOf,
  packRecords,
} from '@keyserver/exposure-keys';
import { seededRandom } from '@keyserver/random/testing';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type UnixMillis,
  floorTo,
  intervalAt,
  intervalNumber,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import fc from 'fast-check';
import { type KeyDocument, generateDocuments } from './index.ts';

const SIGNER = memorySigner();
const theSigner: NamedSigner = { keyId: '310', keyVersion: 'v1', signer: SIGNER };
const theKey = { keyId: '310', keyVersion: 'v1', publicKey: SIGNER.pem };

const choiceOf = (name: keyof typeof KEY_RULE_CHOICES): fc.Arbitrary<number> => {
  const { min, max, default: usual } = KEY_RULE_CHOICES[name];
  return fc.oneof(fc.constantFrom(min, usual, max), fc.integer({ min, max }));
};

/** Every choice that an operator has. */
const anyChoice = fc.record({
  MAX_KEY_AGE_HOURS: choiceOf('MAX_KEY_AGE_HOURS'),
  MAX_KEYS_PER_UPLOAD: choiceOf('MAX_KEYS_PER_UPLOAD'),
  MAX_KEYS_WITH_SAME_START: choiceOf('MAX_KEYS_WITH_SAME_START'),
  MAX_ONSET_DISTANCE_DAYS: choiceOf('MAX_ONSET_DISTANCE_DAYS'),
  MAX_ONSET_AGE_DAYS: choiceOf('MAX_ONSET_AGE_DAYS'),
  DEFAULT_ONSET_DAYS: choiceOf('DEFAULT_ONSET_DAYS'),
});

/** Windows of trying out among them, and a midnight, at which keys come that were held back. */
const anyWindow = fc
  .record({
    length: fc.constantFrom(10 * SECOND, MINUTE, 5 * MINUTE, HOUR, 4 * HOUR, DAY),
    at: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: DAY - 1 })),
  })
  .map(({ length, at }) => ({
    window: floorTo(unixMillis(Date.UTC(2021, 4, 4) + at), length),
    length: windowLength(length)!,
  }));

/** Shapes as they may be kept, most of which fit no rule. */
const anyPool = fc.array(
  fc.record({
    hour: fc.integer({ min: 0, max: 23 }),
    shape: fc.record({
      onsetBefore: fc.integer({ min: -20, max: 60 }),
      keys: fc.array(
        fc.record({
          daysBefore: fc.integer({ min: 0, max: 40 }),
          startInDay: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 143 })),
          period: fc.oneof(fc.constant(144), fc.integer({ min: 1, max: 144 })),
        }),
        { minLength: 1, maxLength: 16 },
      ),
    }),
  }),
  { maxLength: 30 },
);

/** What stands in a key of a real document that generated ones hide among. */
const anyForm = fc.record({
  reportType: fc.constantFrom('confirmed', 'likely', 'user-report'),
  risk: fc.integer({ min: 0, max: 8 }),
  isForeign: fc.boolean(),
});
type Form = typeof anyForm extends fc.Arbitrary<infer T> ? T : never;

const AUDIENCE = { regions: ['US'], traveler: false, app: 'app', authority: undefined };

/** A real document of one key of yesterday. Other servers may not tell onset. */
function realDocument({ reportType, risk, isForeign }: Form, window: UnixMillis): KeyDocument {
  const key: ExposureKey = {
    ...{ data: Buffer.alloc(16), period: 144, risk, reportType },
    start: intervalNumber(intervalAt(floorTo(window, DAY)) - 144),
    onsetDays: isForeign ? undefined : 0,
  };
  return { ...AUDIENCE, window, records: packRecords([key]) };
}

/** The file of one window, as a phone downloads it. */
async function archiveOf(
  documents: readonly KeyDocument[],
  span: { readonly start: UnixMillis; readonly end: UnixMillis },
): Promise<Uint8Array> {
  const selection = new KeySelection({
    ...{ outputRegion: 'US', inputRegions: [], excludeRegions: [] },
    ...{ includeTravelers: false, onlyNonTravelers: false },
  });
  for (const [n, document] of documents.entries())
    selection.add({ ...document, id: `${n}`, kind: 'primary', origin: 'padding', sourceId: 'c/a' });
  const [contents] = cutFiles(selection, {
    ...{ ...span, region: 'US', signers: [theSigner], maxRecords: 1_000_000 },
  });
  const bin = Buffer.concat([...encodeExport(contents!)]);
  const { sig } = await signExport([bin], [theSigner]);
  const pieces: Uint8Array[] = [];
  for await (const piece of writeArchive(() => [bin], sig)) pieces.push(piece);
  return Buffer.concat(pieces);
}

it('leaves files that obey every rule for files of real keys, whatever an operator chooses', async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(anyChoice, anyWindow, anyPool),
      fc.array(anyForm, { maxLength: 4 }),
      fc.string(),
      async ([chosen, { window, length }, pool], forms, seed) => {
        const random = seededRandom(seed);
        const documents = generateDocuments(
          {
            ...{ windows: [window], audiences: [AUDIENCE], keys: 30, atLeast: 0 },
            documents: forms.map((form) => realDocument(form, window)),
          },
          { pool, rules: keyRulesOf(chosen), windowLength: () => length, random },
        );
        const end = unixMillis(window + length);
        const zip = await archiveOf(documents, { start: window, end });
        const found = await verifyExport(zip, {
          ...{ keys: [theKey], now: end, maxKeyAgeHours: chosen.MAX_KEY_AGE_HOURS },
        });
        expect(found.violations).toEqual([]);
        count += documents.length;
      },
    ),
    { numRuns: 60 },
  );
  expect(count).toBeGreaterThan(150);
});
