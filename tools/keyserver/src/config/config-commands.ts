import { type Command } from 'commander';
import { addConfigApply } from './config-apply.ts';
import { addConfigShow } from './config-show.ts';
import type { Surroundings } from '../surroundings.ts';

/** The commands about what an operator edits. */
export function addConfigCommands(program: Command, around: Surroundings): void {
  const config = program
    .command('config')
    .description('Show and change what a server is configured to do.')
    .addHelpText('after', '\nExample:\n  $ keyserver config show > server.yaml');
  addConfigApply(config, around);
  addConfigShow(config, around);
}
