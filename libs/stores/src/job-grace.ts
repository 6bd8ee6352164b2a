import { DAY } from '@keyserver/time';

/**
 * How much longer than its expiry a store leaves a document that the cleanup job deletes. For so long the job keeps keys that no
 * export has covered, and for so long it may be away.
 */
export const JOB_GRACE = 7 * DAY;
