import { DEFAULT_KEY_RULES } from '@keyserver/exposure-keys';
import { createLogger } from '@keyserver/log';
import { systemRandom } from '@keyserver/random';
import { fixedKeyRing } from '@keyserver/revision-token/testing';
import { systemClock, systemTimers } from '@keyserver/time';
import { type RevisionTokens, revisionTokens } from '../revision-tokens.ts';

/** Revision tokens under one data key. */
export const someTokens = (): RevisionTokens =>
  revisionTokens({
    ring: fixedKeyRing(),
    bound: Buffer.from('a server'),
    random: systemRandom,
    log: createLogger({
      service: 'publish',
      write: () => undefined,
      ...{ clock: systemClock, timers: systemTimers },
    }),
    maxKeyAge: DEFAULT_KEY_RULES.maxAge,
  });
