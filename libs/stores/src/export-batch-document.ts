import {
  type DocumentOf,
  type Json,
  collection,
  int,
  json,
  optional,
  text,
} from '@keyserver/docstore';
import {
  type BatchSpan,
  type ExportBatch,
  type ExportConfig,
  type ExportFile,
  type Frozen,
  type FrozenSigner,
  turnOf,
} from '@keyserver/export-file';
import { SECOND, type UnixMillis, unixMillis } from '@keyserver/time';
import { array, integer, member, record, textOf } from './stored-json.ts';

const fields = {
  config: text(),
  state: text<ExportBatch['state']>(),
  turn: text(),
  start: int(),
  end: int(),
  attempt: int(),
  fence: int(),
  holder: text(),
  leaseExpires: int(),
  settings: json(configOf),
  frozen: optional(json(frozenOf)),
  files: json((stored): readonly ExportFile[] => array(stored).map(fileOf)),
  expireAt: int(),
  padTo: optional(int()),
};

/** A batch as it is stored. */
export type BatchDocument = DocumentOf<typeof fields>;

/**
 * Batches by `<config>-<start>-<end>` in seconds. The indexes lead past empty batches, of which there are most: to what
 * is open or not yet listed in turn, and to the finished files of one export.
 */
export const exportBatches = collection({
  name: 'exportBatches',
  fields,
  indexes: [
    ['config', 'state', 'end'],
    ['state', 'turn'],
  ],
  expiry: 'expireAt',
});

/** The document id of a batch: an export has one batch for one span. */
export const batchId = (configId: string, { start, end }: BatchSpan): string =>
  `${configId}-${start / SECOND}-${end / SECOND}`;

/** A new batch, with a copy of its export as it is now. */
export const openBatch = (
  config: ExportConfig,
  span: BatchSpan,
  expireAt: number,
): BatchDocument => ({
  config: config.id,
  state: 'open',
  turn: turnOf(config, span),
  start: span.start,
  end: span.end,
  attempt: 0,
  fence: 0,
  holder: '',
  leaseExpires: 0,
  settings: config,
  files: [],
  expireAt,
});

/** The batch of a stored document. */
export const batchOf = (id: string, stored: BatchDocument): ExportBatch => ({
  id,
  config: stored.settings,
  start: unixMillis(stored.start),
  end: unixMillis(stored.end),
  state: stored.state,
  attempt: stored.attempt,
  fence: stored.fence,
  leaseExpires: unixMillis(stored.leaseExpires),
  padTo: stored.padTo,
  frozen: stored.frozen,
  files: stored.files,
});

const textsOf = (stored: Json | undefined): readonly string[] => array(stored).map(textOf);
const timeOf = (stored: Json | undefined): UnixMillis => unixMillis(integer(stored));

function configOf(stored: Json): ExportConfig {
  const config = record(stored);
  const field = (name: keyof ExportConfig): Json | undefined => member(config, name);
  const thru = field('thru');
  return {
    id: textOf(field('id')),
    bucket: textOf(field('bucket')),
    filenameRoot: textOf(field('filenameRoot')),
    period: integer(field('period')),
    outputRegion: textOf(field('outputRegion')),
    inputRegions: textsOf(field('inputRegions')),
    excludeRegions: textsOf(field('excludeRegions')),
    includeTravelers: field('includeTravelers') === true,
    onlyNonTravelers: field('onlyNonTravelers') === true,
    from: timeOf(field('from')),
    thru: thru === undefined ? undefined : timeOf(thru),
    signingKeys: textsOf(field('signingKeys')),
    minRecords: integer(field('minRecords')),
    paddingRange: integer(field('paddingRange')),
    maxRecords: integer(field('maxRecords')),
  };
}

function frozenOf(stored: Json): Frozen {
  const frozen = record(stored);
  return {
    paddingSequence: integer(member(frozen, 'paddingSequence')),
    signers: array(member(frozen, 'signers')).map(signerOf),
    maxRecords: integer(member(frozen, 'maxRecords')),
    encoder: textOf(member(frozen, 'encoder')),
  };
}

function signerOf(stored: Json): FrozenSigner {
  const signer = record(stored);
  return {
    id: textOf(member(signer, 'id')),
    signingKey: textOf(member(signer, 'signingKey')),
    keyId: textOf(member(signer, 'keyId')),
    keyVersion: textOf(member(signer, 'keyVersion')),
  };
}

function fileOf(stored: Json): ExportFile {
  const file = record(stored);
  return {
    name: textOf(member(file, 'name')),
    digest: textOf(member(file, 'digest')),
    keys: integer(member(file, 'keys')),
  };
}

/** How far each export has been cut into batches; outlives them. */
export const exportProgress = collection({
  name: 'exportProgress',
  fields: { coveredUntil: int() },
});

/** The padding sequence of each UTC day: how often a batch of that day was frozen. The id is the day, as in 2026-01-31. */
export const padDays = collection({
  name: 'padDays',
  fields: { sequence: int(), expireAt: int() },
  expiry: 'expireAt',
});
