import type { Json } from '@keyserver/docstore';
import type { ExportConfig } from '@keyserver/export-file';
import { type UnixMillis, unixMillis } from '@keyserver/time';
import { array, integer, member, record, textOf } from './stored-json.ts';

const textsOf = (stored: Json | undefined): readonly string[] => array(stored).map(textOf);
const timeOf = (stored: Json | undefined): UnixMillis => unixMillis(integer(stored));

/** A copy of an export as it is stored within another document, or a fault. */
export function storedExport(stored: Json): ExportConfig {
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
    // Copies of earlier versions do not say it.
    padEmpty: field('padEmpty') === true,
  };
}
