import {
  HOUR,
  MINUTE,
  type UnixMillis,
  alwaysWindow,
  unixMillis,
  windowLength,
} from '@keyserver/time';
import type { ExportBatch, FrozenSigner } from './export-batch.ts';
import type { ExportConfig } from './export-config.ts';
import { type LateCause, type Progress, latenessOf } from './lateness.ts';

const NOON = Date.UTC(2026, 0, 15, 12);

/** An instant of the day, so many minutes after noon. */
const at = (minutes: number): UnixMillis => unixMillis(NOON + minutes * MINUTE);

const hourly: ExportConfig = {
  ...{ id: 'us', bucket: 'exports', filenameRoot: 'us', period: HOUR, outputRegion: 'US' },
  ...{ inputRegions: [], excludeRegions: [], includeTravelers: true, onlyNonTravelers: false },
  ...{ from: unixMillis(0), thru: undefined, signingKeys: ['k1'], minRecords: 10 },
  ...{ paddingRange: 0, maxRecords: 1000, padEmpty: false },
};

/** The batch of the hour that ends at an instant; work on it has begun when there are signers. */
const batchUntil = (
  end: UnixMillis,
  state: ExportBatch['state'],
  signers?: readonly FrozenSigner[],
): ExportBatch => ({
  ...{ id: 'batch', config: hourly, start: unixMillis(end - HOUR), end, state },
  ...{ attempt: 0, fence: 1, leaseExpires: unixMillis(0), files: [] },
  frozen:
    signers === undefined
      ? undefined
      : { generated: '', signers, maxRecords: 1000, encoder: 'any' },
});

/** Windows are exported ten minutes after they are closed, and late half an hour after that. */
const latenessAt = (
  now: UnixMillis,
  progress: Partial<Progress>,
  config = hourly,
): LateCause | undefined =>
  latenessOf(
    config,
    { coveredUntil: at(0), open: undefined, unlisted: undefined, ...progress },
    {
      ...{ minWindowAge: 10 * MINUTE, lateAfter: 30 * MINUTE },
      ...{ now, windows: alwaysWindow(windowLength(HOUR)!) },
    },
  );

const signer = { id: 'k1', signingKey: 'key', keyId: '310', keyVersion: 'v1' };

describe('an export whose batches are listed 40 minutes after their end at the latest', () => {
  it('is in time while the work on its newest batch has not taken longer', () => {
    const open = batchUntil(at(0), 'open');
    const unlisted = batchUntil(at(0), 'stored');
    for (const progress of [{}, { open }, { unlisted }, { open, unlisted }])
      expect(latenessAt(unixMillis(at(40) - 1), progress)).toBeUndefined();
  });

  it('is in time when all is listed, until the next batch is due that long', () => {
    expect(latenessAt(unixMillis(at(100) - 1), {})).toBeUndefined();
    expect(latenessAt(at(100), {})).toBe('not_cut');
  });

  it.each<[string, Partial<Progress>, LateCause]>([
    ['was not begun', { open: batchUntil(at(0), 'open') }, 'not_made'],
    ['was begun', { open: batchUntil(at(0), 'open', [signer]) }, 'not_made'],
    ['has no key that signs it', { open: batchUntil(at(0), 'open', []) }, 'no_signer'],
    ['is not listed', { unlisted: batchUntil(at(0), 'stored') }, 'not_listed'],
  ])('is late from then on when its newest batch %s', (_, progress, because) => {
    expect(latenessAt(at(40), progress)).toBe(because);
  });

  it('is late for what comes first in the work', () => {
    const open = batchUntil(at(0), 'open');
    const unlisted = batchUntil(at(-60), 'stored');
    expect(latenessAt(at(100), { open, unlisted })).toBe('not_cut');
    expect(latenessAt(at(40), { open, unlisted })).toBe('not_made');
    expect(latenessAt(at(39), { open, unlisted })).toBe('not_listed');
  });

  it('is late when it was never cut, as soon as a batch was due that long', () => {
    expect(latenessAt(at(40), { coveredUntil: undefined })).toBe('not_cut');
  });

  it('is not late before it has begun, nor once all of it until its end was cut', () => {
    const late = { ...hourly, from: at(60) };
    expect(latenessAt(unixMillis(at(140) - 1), { coveredUntil: undefined }, late)).toBeUndefined();
    expect(latenessAt(at(160), { coveredUntil: undefined }, late)).toBe('not_cut');
    const ended = { ...hourly, thru: at(60) };
    expect(latenessAt(at(600), { coveredUntil: at(60) }, ended)).toBeUndefined();
    expect(latenessAt(at(600), { coveredUntil: at(0) }, ended)).toBe('not_cut');
  });
});
