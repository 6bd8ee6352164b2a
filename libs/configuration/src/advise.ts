import type { UnixMillis } from '@keyserver/time';
import type { Advice } from './advice.ts';
import { adviseOnApps } from './advise-apps.ts';
import { adviseOnExports } from './advise-exports.ts';
import { adviseOnAuthorityKeys, adviseOnNewKeys, adviseOnSigningKeys } from './advise-keys.ts';
import type { Configuration } from './configuration.ts';

/** Advice on a change of the configuration. */
export interface ChangeAdvice extends Advice {
  /** It holds without the change as well, so nobody has to agree to it anew. */
  readonly standing: boolean;
}

/** What a careful operator would want to know about a configuration at this time. */
const adviseOn = (configuration: Configuration, now: UnixMillis): readonly Advice[] => [
  ...adviseOnApps(configuration, now),
  ...adviseOnExports(configuration, now),
  ...adviseOnSigningKeys(configuration, now),
  ...adviseOnAuthorityKeys(configuration, now),
];

/**
 * What a careful operator would want to know before a configuration takes the place of another. Both are judged at the same
 * time: what comes with the mere passing of time, such as a key that ended, is no consequence of the change, and standing.
 */
export function adviseOnChange(
  before: Configuration,
  after: Configuration,
  now: UnixMillis,
): readonly ChangeAdvice[] {
  const known = new Set(adviseOn(before, now).map(identityOf));
  return [...adviseOn(after, now), ...adviseOnNewKeys(before, after, now)].map((advice) => ({
    ...advice,
    standing: known.has(identityOf(advice)),
  }));
}

/** The sentence is part of it: a worse figure is another matter than the one that was agreed to. */
const identityOf = ({ name, section, id, message }: Advice): string =>
  JSON.stringify([name, section, id, message]);
