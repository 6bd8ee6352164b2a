import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { federationServer } from '@keyserver/federation-serve/testing';
import { aKey } from '@keyserver/stores/testing';
import { textOf } from '../docs/pages.ts';

const run = promisify(execFile);
const PROTOS = fileURLToPath(new URL('../../proto', import.meta.url));
const METHOD = 'Federation/Fetch';

it('is shown to partners with the method and the file of messages that there are', () => {
  const page = textOf('docs/api/federation.md');
  expect(page).toContain('grpcurl -proto federation.proto -H "authorization: Bearer $TOKEN"');
  expect(page).toContain(`federation.example.org:443 ${METHOD}`);
  expect(textOf('proto/federation.proto')).toContain('service Federation {\n  rpc Fetch(');
});

// Only where somebody has installed it.
if (spawnSync('grpcurl', ['-version']).error === undefined)
  it('is given keys, as the page says', async () => {
    const server = await federationServer();
    await server.configure();
    await server.storeKeys({ keys: [aKey(1)] });
    const started = await server.start();
    const { stdout } = await run('grpcurl', [
      ...['-plaintext', '-import-path', PROTOS, '-proto', 'federation.proto'],
      ...['-H', `authorization: ${await server.tokenFor()}`, '-d', '{"maxExposureKeys": 10}'],
      ...[new URL(started.service.url).host, METHOD],
    ]);
    await started.stop();
    server.remove();
    expect(stdout).toContain(Buffer.from(aKey(1).data).toString('base64'));
  });
