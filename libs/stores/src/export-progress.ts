import { collection, int } from '@keyserver/docstore';

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
