import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { examineParts } from '@keyserver/operations';
import { checkPart, compareStoreFormat, openStoreFormat } from '@keyserver/stores';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandFault } from './command-fault.ts';
import { dataDirOption, standInOption } from './options.ts';
import type { CommandContext } from './terminal.ts';
import { type OpenStore, openFirestore, openPlatform } from './wiring.ts';

/** Which store a command is about. */
export interface StoreFlags {
  readonly dataDir?: string;
  readonly project?: string;
  readonly database?: string;
  readonly endpoint?: string;
}

/** A store that a command has opened, and what people call it. */
type NamedStore = OpenStore & { readonly name: string };

/** Adds the options that name a store: the data directory of one machine, by default `usual` if given, or a Firestore database. */
export const addStoreOptions = (command: Command, usual?: string): Command =>
  command
    .addOption(dataDirOption(usual))
    .addOption(
      new Option('--project <id>', 'the Google Cloud project of a Firestore database').conflicts(
        'dataDir',
      ),
    )
    .addOption(
      new Option(
        '--database <id>',
        'the Firestore database, with --project; (default) unless given',
      ).conflicts('dataDir'),
    )
    .addOption(standInOption('endpoint', 'a Firestore emulator', '--project').conflicts('dataDir'));

/** A directory with one of these belongs to a server. Opening the store then says which of the others are missing. */
const TRACES = ['keyserver.sqlite', 'keys/key-hash.secret', 'buckets'];

/** Whether a directory is the data directory of a server. */
export const isServerDirectory = (directory: string): boolean =>
  TRACES.some((trace) => existsSync(join(directory, trace)));

/** What may be missing of a store: nothing, the whole of it, or its database, which an import makes beside copied keys and buckets. */
type MayBeNew = 'nothing' | 'store' | 'database';

/** Opens the store that the options name, and compares its format; the command closes it. */
export async function openStore(
  flags: StoreFlags,
  context: CommandContext,
  { mayBeNew }: { readonly mayBeNew: MayBeNew },
): Promise<NamedStore> {
  const opened = await openNamed(flags, context, mayBeNew);
  const { store, name: place, keyHashSecret } = opened;
  const known = { place, ...(keyHashSecret === undefined ? {} : { keyHashSecret }) };
  try {
    // A command that only reads must change nothing: the store may have been named by mistake.
    const format =
      mayBeNew === 'nothing'
        ? await compareStoreFormat(store, known)
        : await openStoreFormat(store, known, context.random);
    if (format !== undefined) await checkKeys(opened, format.storeId, mayBeNew);
    return opened;
  } catch (fault) {
    await opened.close();
    throw fault;
  }
}

/** Refuses the keys of another store. A command that may create a store marks new keys with its id. An import accepts any. */
async function checkKeys(
  { store, keysPart }: OpenStore,
  storeId: string,
  mayBeNew: MayBeNew,
): Promise<void> {
  if (keysPart === undefined || mayBeNew === 'database') return;
  const [keys] = await examineParts(store, storeId, [keysPart]);
  const isWrong = keys?.state === 'gone' || keys?.state === 'foreign';
  if (mayBeNew === 'store' || isWrong) await checkPart({ store, storeId }, keysPart);
}

async function openNamed(
  { dataDir, project, database, endpoint }: StoreFlags,
  context: CommandContext,
  mayBeNew: MayBeNew,
): Promise<NamedStore> {
  if (project !== undefined) {
    const name = `project ${project}, database ${database ?? '(default)'}`;
    return { ...(await openFirestore({ project, database, endpoint }, context)), name };
  }
  if (dataDir === undefined)
    throw new CommandFault('name the store: --data-dir, or --project and perhaps --database');
  if (mayBeNew === 'nothing' && !isServerDirectory(dataDir))
    throw new CommandFault(`${dataDir} is not the data directory of a server`);
  const opened = await openPlatform(dataDir, context, {
    databaseMayBeNew: mayBeNew === 'database',
  });
  return { ...opened, name: `directory ${resolve(dataDir)}` };
}

/** Adds the option for buckets that are called otherwise at the target. */
export const addBucketOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--bucket <old=new>',
      'a bucket that has another name at the target; may be repeated',
    )
      .argParser(bucketName)
      .default(new Map<string, string>(), 'the same names'),
  );

const RENAMED_BUCKET = /^([^=]+)=([a-z0-9][a-z0-9._-]{1,61}[a-z0-9])$/;

function bucketName(text: string, before: ReadonlyMap<string, string>): Map<string, string> {
  const [, from = '', to = ''] = RENAMED_BUCKET.exec(text) ?? [];
  if (from === '')
    throw new InvalidArgumentError('must be two names of buckets, such as exports=my-exports');
  return new Map(before).set(from, to);
}
