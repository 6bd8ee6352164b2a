import type { DocumentStore } from '@keyserver/docstore';
import type { UnixMillis } from '@keyserver/time';
import type { Advice } from './advice.ts';
import { adviseOn } from './advise.ts';
import type { Problem, WholeConfiguration } from './configuration.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { renderConfiguration } from './show-configuration.ts';
import { readStored } from './stored-configuration.ts';

/** A stored configuration, with all that would keep it from being applied anew and all that speaks against it. */
export interface ExaminedConfiguration {
  readonly configuration: WholeConfiguration;
  readonly problems: readonly Problem[];
  readonly advice: readonly Advice[];
}

/** Reads the configuration and holds it against the rules that a file is held against, at this store time. */
export async function examineConfiguration(
  store: DocumentStore,
  now: UnixMillis,
): Promise<ExaminedConfiguration> {
  const configuration = await store.transact(readStored);
  const parsed = parseConfiguration(renderConfiguration(configuration));
  const problems = parsed.kind === 'refused' ? parsed.problems : [];
  return { configuration, problems, advice: adviseOn(configuration, now) };
}
