import type { FederationQuery } from '@keyserver/federation';
import { findQuery } from '@keyserver/stores';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFault } from '../command-fault.ts';
import type { OpenStore } from '../wiring.ts';

/** Adds the option that names a query. */
export const addQueryOption = (command: Command): Command =>
  command.requiredOption('--query <id>', 'the query, as the configuration file calls it', queryId);

/** Reads the id of a query, or of a partner, which has the same form. */
export function queryId(text: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(text)) return text;
  throw new InvalidArgumentError('must be 1 to 40 of a-z, 0-9 and -');
}

/** The configured query of an id; one that is not configured ends the command. */
export async function configuredQuery(
  { store }: Pick<OpenStore, 'store'>,
  id: string,
): Promise<FederationQuery> {
  const query = await findQuery(store)(id);
  if (query === undefined)
    throw new CommandFault(`there is no query ${id}; keyserver config show lists them`);
  return query;
}
