import { machine } from '../../../../test/support/machine.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { openBucketDirectory } from '../objects.ts';

// A process of its own for tests: appends lines to one object, as often as it takes, until it is done or killed.
const [root = '', writer = '', count = '0'] = process.argv.slice(2);
const bucket = openBucketDirectory(root, machine).openBucket('exports');
const headers = { contentType: 'text/plain', cacheControl: 'no-cache', digest: '' };

async function* both(before: Uint8Array, line: string): AsyncGenerator<Uint8Array> {
  yield before;
  await pause(0); // lets a kill arrive in the middle of a content
  yield Buffer.from(line);
}

for (let n = 0; n < Number(count);) {
  const found = await bucket.read('v1/index.txt');
  const content = both(found?.content ?? new Uint8Array(), `${writer}-${String(n)}\n`);
  const expected = found?.info.generation ?? 'absent';
  const put = await bucket.put('v1/index.txt', content, { headers, expected });
  if (put === 'conflict') continue;
  process.stdout.write(`${writer}-${String(n)}\n`);
  n++;
}
