import { type UnixMillis, unixMillis } from '@keyserver/time';
import type { ChangeAdvice } from './advice.ts';
import { adviseOnChange } from './advise.ts';
import type { Section } from './configuration.ts';
import { aConfiguration, aPublicKey, anEntry } from './testing/a-file.ts';
import { wholeOf } from './usual-units.ts';

const time = (text: string): UnixMillis => unixMillis(Date.parse(`${text}T00:00:00Z`));
const NOW = time('2024-05-01');
const NOTHING = wholeOf({ authorities: [], apps: [], signingKeys: [], exports: [] });
