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
} from '@keyserver/export-file';
import { SECOND, unixMillis } from '@keyserver/time';
import { JOB_GRACE } from './job-grace.ts';
import { storedExport } from './stored-export.ts';
import { array, integer, member, record, textOf } from './stored-json.ts';

const fields = {
  config: text(),
  state: text<ExportBatch['state']>(),
  start: int(),
  end: int(),
  attempt: int(),
  fence: int(),
  holder: text(),
  leaseExpires: int(),
  settings: json(storedExport),
  frozen: optional(json(frozenOf)),
  files: json((stored): readonly ExportFile[] => array(stored).map(fileOf)),
  retiredAt: optional(int()),
  expireAt: int(),
};

/** A batch as it is stored. */
export type BatchDocument = DocumentOf<typeof fields>;

/**
 * Batches by `<config>-<start>-<end>` in seconds. The indexes lead past empty batches, of which there are most: to what
 * is open or not yet listed, and to the finished files of one export.
 */
export const exportBatches = collection({
  name: 'exportBatches',
  fields,
  indexes: [['config', 'state', 'end'], ['state', 'end'], ['expireAt']],
  expiry: 'expireAt',
  grace: JOB_GRACE,
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
  frozen: stored.frozen,
  files: stored.files,
});

function frozenOf(stored: Json): Frozen {
  const frozen = record(stored);
  return {
    // An earlier version of this program froze otherwise; such a batch gets new contents under new names.
    generated: textOf(member(frozen, 'generated') ?? ''),
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
