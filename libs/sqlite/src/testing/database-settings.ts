import { machine } from '../../../../test/support/machine.ts';

/** What a test opens a database with that needs no engine. */
export const databaseSettings = { ...machine, boot: 'a start of the machine' };
