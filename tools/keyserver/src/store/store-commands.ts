import type { Command } from 'commander';
import { addStoreAdopt } from './store-adopt.ts';
import { addStoreRebuild } from './store-rebuild.ts';
import { addStoreSetWindow } from './store-set-window.ts';
import { addStoreTime } from './store-time.ts';
import type { Surroundings } from '../surroundings.ts';

/** The commands about a store as a whole. */
export function addStoreCommands(program: Command, around: Surroundings): void {
  const store = program
    .command('store')
    .description('Look after the store as a whole.')
    .addHelpText('after', '\nExample:\n  $ keyserver store time show');
  addStoreTime(store, around);
  addStoreSetWindow(store, around);
  addStoreAdopt(store, around);
  addStoreRebuild(store, around);
}
