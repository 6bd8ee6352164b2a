import { systemRandom } from '@keyserver/random';

/** What a test opens a database with that needs no engine. */
export const databaseSettings = { boot: 'a start of the machine', random: systemRandom };
