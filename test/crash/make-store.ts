import { machine } from '../support/machine.ts';
import { openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { openStoreFormat, ownParts } from '@keyserver/stores';
import { systemClock, windowLength } from '@keyserver/time';

/** Makes the store of a data directory as a first start does: database, secret, format, id of the keys, a bucket. */
const [dataDirectory = ''] = process.argv.slice(2);
const platform = await openLocalPlatform({ ...machine, dataDirectory });
const { store, keyHashSecret } = platform;
const window = windowLength(3_600_000);
if (window === undefined) throw new Error('an hour is a window');
const known = { place: dataDirectory, window, profile: 'production', keyHashSecret } as const;
const { storeId } = await openStoreFormat(store, known, systemRandom);
const { checkBucket } = await ownParts({ ...platform, storeId, clock: systemClock });
await checkBucket('exports');
await platform.close();
process.stdout.write(`${storeId}\n`);
