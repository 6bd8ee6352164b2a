import {
  PHONE_FILES_A_DAY,
  PHONE_FILE_BYTES,
  PHONE_FILE_RECORDS,
  USUAL_KEY_BYTES,
} from '@keyserver/export-file';
import { DAY, type UnixMillis } from '@keyserver/time';
import type { Advice, AdviceName } from './advice.ts';
import type { Configuration } from './configuration.ts';
import { isOver } from './spans.ts';

type Export = Configuration['exports'][number];

/** Below this a file may hold little more than one person's keys: an upload has up to 30. */
const SMALL_FLOOR = 100;

/** Exports whose files phones do not keep up with, cannot take, or may tell too much from. */
export const adviseOnExports = ({ exports }: Configuration, now: UnixMillis): readonly Advice[] =>
  exports
    .filter((config) => !isOver(config, now))
    .flatMap((config) => [...tooMany(config), ...tooLarge(config), ...tooRevealing(config)]);

function tooMany(config: Export): readonly Advice[] {
  const { id, period, minRecords, paddingRange, maxRecords } = config;
  const filesOfBatch = Math.max(1, Math.ceil((minRecords + paddingRange) / maxRecords));
  const files = (DAY / period) * filesOfBatch;
  const found: Advice[] = [];
  if (minRecords > maxRecords)
    found.push(
      advice(
        'floor_above_file',
        config,
        `Export ${id} lifts each batch to ${minRecords} keys (minRecords) and cuts it at ${maxRecords} (maxRecords): ${filesOfBatch} files a batch, mostly of generated keys.`,
      ),
    );
  if (files > PHONE_FILES_A_DAY.ios)
    found.push(
      advice(
        'too_many_files',
        config,
        `Export ${id} makes up to ${files} files a day; a phone takes ${PHONE_FILES_A_DAY.ios} (iOS) or ${PHONE_FILES_A_DAY.android} (Android) and falls behind: choose a longer period or a larger maxRecords.`,
      ),
    );
  return found;
}

function tooLarge(config: Export): readonly Advice[] {
  const { id, maxRecords } = config;
  const bytes = maxRecords * USUAL_KEY_BYTES;
  if (maxRecords <= PHONE_FILE_RECORDS && bytes <= PHONE_FILE_BYTES) return [];
  return [
    advice(
      'files_too_large',
      config,
      `A full file of export ${id} has ${maxRecords} keys in about ${megabytes(bytes)} MB; phones should not be given more than ${PHONE_FILE_RECORDS} keys or ${megabytes(PHONE_FILE_BYTES)} MB: choose a smaller maxRecords.`,
    ),
  ];
}

const megabytes = (bytes: number): number => Math.round(bytes / 1_000_000);

function tooRevealing(config: Export): readonly Advice[] {
  const { id, minRecords, paddingRange } = config;
  if (minRecords < SMALL_FLOOR)
    return [
      advice(
        'little_padding',
        config,
        `Export ${id} pads its files to no more than ${minRecords} keys (minRecords): a file may show that a single person was reported.`,
      ),
    ];
  if (paddingRange > 0) return [];
  return [
    advice(
      'constant_padding',
      config,
      `Export ${id} pads its files to exactly ${minRecords} keys (paddingRange 0): whoever counts knows which files are padded.`,
    ),
  ];
}

const advice = (name: AdviceName, { id }: Export, message: string): Advice => ({
  name,
  section: 'exports',
  id,
  message,
});
