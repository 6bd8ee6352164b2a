import { type OpenSignerDeps, openSigner } from '@keyserver/export-file';
import type { UnixMillis } from '@keyserver/time';
import type { ChangeAdvice } from './advise.ts';
import type { Configuration } from './configuration.ts';
import { isOver } from './spans.ts';

/**
 * The signing keys of a configuration that cannot sign, tried out as the export service does it. A key that is declared
 * the same way already is no consequence of the change.
 */
export async function adviseOnUnusableKeys(
  deps: OpenSignerDeps,
  {
    before,
    after,
    now,
  }: {
    readonly before: Configuration;
    readonly after: Configuration;
    readonly now: UnixMillis;
  },
): Promise<readonly ChangeAdvice[]> {
  const used = after.exports.filter((config) => !isOver(config, now));
  const advice: ChangeAdvice[] = [];
  for (const key of after.signingKeys) {
    if (isOver(key, now) || !used.some(({ signingKeys }) => signingKeys.includes(key.id))) continue;
    const opened = await openSigner(deps, key);
    if (opened.kind === 'usable') continue;
    advice.push({
      name: 'signing_key_unusable',
      section: 'signingKeys',
      id: key.id,
      message: `Signing key ${key.id} cannot sign: ${opened.why.message}.`,
      standing: before.signingKeys.some(
        ({ id, signingKey }) => id === key.id && signingKey === key.signingKey,
      ),
    });
  }
  return advice;
}
