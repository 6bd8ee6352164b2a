import { type Command } from 'commander';
import { DEVELOPMENT_NAMES } from '@keyserver/configuration';
import {
  type AuthorityOptions,
  addAuthorityOptions,
  audienceOf,
  readAuthorityKey,
} from '../authority.ts';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf, httpUrl, wholeNumber } from '../options.ts';
import { readPublished } from './published-upload.ts';
import { type UploadFacts, phoneKeys, publishRequest } from './request.ts';
import { endOf, renderAnswer, sendUpload } from './answer.ts';
import type { CommandContext } from '../terminal.ts';
import type { UnixMillis } from '@keyserver/time';
import { instantText, jsonText } from '../render.ts';

interface PublishOptions extends AuthorityOptions {
  readonly url: URL;
  readonly keys: number;
  readonly includeToday?: true;
  readonly onsetDaysAgo?: number;
  readonly traveler?: true;
  readonly app: string;
  readonly revise?: string;
  readonly json?: true;
}

/** `publish`: acts as a phone whose owner tested positive. */
export function addPublish(program: Command, context: CommandContext): void {
  addAuthorityOptions(program.command('publish'), context)
    .description(
      'Act as a phone: make random keys, have them certified, publish them, and say what happens next.',
    )
    .requiredOption('--url <url>', 'address of the publish service', httpUrl)
    .option(
      '--keys <number>',
      'how many keys, one per day back from yesterday',
      wholeNumber({ min: 1, max: 30 }),
      14,
    )
    .option('--include-today', 'begin with the key of today, which is still valid')
    .option(
      '--onset-days-ago <days>',
      'days since symptoms began',
      wholeNumber({ min: 0, max: 60 }),
    )
    .option('--traveler', 'say that the person has travelled')
    .option('--app <id>', 'application that publishes', DEVELOPMENT_NAMES.app)
    .option(
      '--revise <file>',
      'send the keys and the token of an earlier upload again; the file is what --json printed',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      exampleOf('publish --url http://127.0.0.1:8080 --keys 14 --onset-days-ago 3'),
    )
    .action(async (options: PublishOptions) => {
      await publish(options, context);
    });
}

async function publish(options: PublishOptions, context: CommandContext): Promise<void> {
  const now = context.clock.now();
  const { keys, revisionToken } = await keysToSend(options, now, context);
  const privateKey = await readAuthorityKey(options);
  const audience = await audienceOf(options, context);
  const request = publishRequest(
    { ...options, keys, revisionToken, privateKey, audience, now },
    context.random,
  );
  const answer = await sendUpload(options.url, request, context.timers);
  context.terminal.out(
    options.json === true
      ? jsonText({
          ...answer,
          keys: keys.map((key) => ({ ...key, notBefore: instantText(endOf(key)) })),
        })
      : renderAnswer(answer, keys, now),
  );
  if (answer.status !== 200)
    throw new CommandFault(`the server refused the upload with ${answer.status}`, FOUND);
}

/** New keys as a phone has them, or those of an earlier upload with the token that it was given. */
async function keysToSend(
  { revise, keys: count, includeToday }: PublishOptions,
  now: UnixMillis,
  { random }: CommandContext,
): Promise<Pick<UploadFacts, 'keys' | 'revisionToken'>> {
  if (revise !== undefined) return await readPublished(revise);
  return { keys: phoneKeys({ count, includeToday: includeToday === true }, now, random) };
}
