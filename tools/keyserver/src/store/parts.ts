import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DocumentStore, StorePart } from '@keyserver/docstore';
import { bucketParts, compareStoreFormat } from '@keyserver/stores';
import type { Command } from 'commander';
import { CommandFault } from '../command-fault.ts';
import { type StoreFlags, addStoreOptions } from '../open-store.ts';
import { standInOption } from '../options.ts';
import type { Machine, CommandContext } from '../terminal.ts';
import { type OpenWhole, openCloudWhole, openLocalWhole } from '../wiring.ts';

/** Which store a command about its parts is about. */
export interface PartsFlags extends StoreFlags {
  readonly storageEndpoint?: string;
  readonly kmsEndpoint?: string;
}

/** The options that name a store with its buckets. */
export const addPartsOptions = (command: Command, usual?: string): Command =>
  addStoreOptions(command, usual).addOption(
    standInOption('storage-endpoint', 'a stand-in for Cloud Storage', '--endpoint').conflicts(
      'dataDir',
    ),
  );

/** A store with its parts, whether or not they belong together. */
export interface OpenedParts extends OpenWhole {
  readonly place: string;
  readonly store: DocumentStore;
  /** The id of the store; undefined when its database has none yet. */
  readonly storeId: string | undefined;
  readonly parts: readonly StorePart[];
}

/** Opens the store that the options name, for a command that looks at its parts or mends them; the command closes it. */
export async function openParts(flags: PartsFlags, context: CommandContext): Promise<OpenedParts> {
  const { place, opened } = await openNamed(flags, context);
  const { store, keyHashSecret, keysPart, openBucket } = opened;
  try {
    const known = { place, ...(keyHashSecret === undefined ? {} : { keyHashSecret }) };
    const format = await compareStoreFormat(store, known);
    const keys = keysPart === undefined ? [] : [keysPart];
    const parts = [...keys, ...(await bucketParts(store, openBucket))];
    return { ...opened, place, storeId: format?.storeId, parts };
  } catch (fault) {
    await opened.close();
    throw fault;
  }
}

async function openNamed(
  flags: PartsFlags,
  machine: Machine,
): Promise<{ readonly place: string; readonly opened: OpenWhole }> {
  const { dataDir, project, database } = flags;
  // Otherwise the id of a stand-in would be written into buckets of the cloud, or the other way round.
  if ((flags.endpoint === undefined) !== (flags.storageEndpoint === undefined))
    throw new CommandFault('--endpoint and --storage-endpoint go together');
  if (project !== undefined) {
    const place = `project ${project}, database ${database ?? '(default)'}`;
    return { place, opened: await openCloudWhole({ ...flags, project }, machine) };
  }
  if (dataDir === undefined || !existsSync(join(dataDir, 'keyserver.sqlite')))
    throw new CommandFault(
      `${dataDir ?? 'nothing'} is not the data directory of a server with a database`,
    );
  return { place: `directory ${resolve(dataDir)}`, opened: await openLocalWhole(dataDir, machine) };
}
