import { type PauseTarget } from '@keyserver/stores';
import { type Command, Option } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { queryId } from '../federation/options.ts';
import { region } from '../options.ts';

/** Options that name a region, an app, a query or a partner. */
export interface TargetFlags {
  readonly region?: string;
  readonly app?: string;
  readonly query?: string;
  readonly partner?: string;
}

/** Adds the options that name what a command is about. */
export const addTargetOptions = (command: Command, what: string): Command =>
  command
    .addOption(new Option('--region <code>', `${what} of this region`).argParser(region))
    .option('--app <id>', `${what} of this app, as the configuration file calls it`, lowerCase)
    .addOption(
      new Option('--query <id>', `${what} that this query fetches from a partner`).argParser(
        queryId,
      ),
    );

/** Adds the options that name what can be paused: a partner, too, whose keys nobody could tell apart. */
export const addPausableOptions = (command: Command): Command =>
  addTargetOptions(command, 'what is').addOption(
    new Option('--partner <id>', 'what is given to this partner').argParser(queryId),
  );

const lowerCase = (text: string): string => text.toLowerCase();

/** The one thing that the options name; undefined without any. */
export function targetOf({
  region: code,
  app,
  query,
  partner,
}: TargetFlags): PauseTarget | undefined {
  const named: PauseTarget[] = [];
  if (code !== undefined) named.push({ kind: 'region', target: code });
  if (app !== undefined) named.push({ kind: 'app', target: app });
  if (query !== undefined) named.push({ kind: 'query', target: query });
  if (partner !== undefined) named.push({ kind: 'partner', target: partner });
  if (named.length > 1)
    throw new CommandFault('give only one of --region, --app, --query and --partner');
  return named[0];
}
