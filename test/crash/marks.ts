import { collection, int, ints, text } from '@keyserver/docstore';

/** Counters by writer, and one that all writers add to. */
export const counters = collection({ name: 'counters', fields: { n: int() } });

/** Parts of a commit, searched by a number that all parts of it share. */
export const marks = collection({
  name: 'marks',
  fields: { writer: text(), n: int(), found: ints() },
  indexes: [['writer', 'n']],
  arrayIndex: 'found',
});

/** Documents that one commit creates beside its counters. */
export const PARTS = 3;

/** The counter that all writers add to. */
export const TOTAL = 'total';
