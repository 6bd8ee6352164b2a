import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { systemRandom } from '@keyserver/random';
import { type Clock, systemTimers } from '@keyserver/time';

/** One machine for tests: a data directory, and the issuer of identity tokens that its services trust. */
export interface TestMachine {
  readonly directory: string;
  /** The variables of a service on it that listens on a free port and lets the scheduler start jobs. */
  readonly env: Readonly<Record<string, string>>;
  /** Opens the platform, works on it and closes it. */
  readonly onPlatform: <T>(work: (platform: LocalPlatform) => Promise<T>) => Promise<T>;
  /** The header of a call to the service by the scheduler, or by another account. */
  readonly caller: (email?: string) => Promise<Record<string, string>>;
  /** Ends the issuer and removes the data directory. */
  readonly remove: () => Promise<void>;
}

const SCHEDULER = 'scheduler@example.org';

/** Makes such a machine, in the time of `clock`; its services are known by `audience`. */
export async function testMachine(audience: string, clock: Clock): Promise<TestMachine> {
  const directory = mkdtempSync(join(tmpdir(), `keyserver-${audience}-`));
  const machine = { clock, timers: systemTimers, random: systemRandom };
  const onPlatform: TestMachine['onPlatform'] = async (work) => {
    const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
    try {
      return await work(platform);
    } finally {
      await platform.close();
    }
  };
  const issuing = await serveDocuments();
  const issuer = await onPlatform(async ({ openIssuer }) => await openIssuer(issuing.url));
  issuing.show(issuer.documents);
  return {
    directory,
    env: {
      ...{ PORT: '0', DATA_DIR: directory, OIDC_AUDIENCE: audience, CALLER_EMAILS: SCHEDULER },
      ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
    },
    onPlatform,
    caller: async (email = SCHEDULER) => ({
      authorization: `Bearer ${await issuer.mint({ audience, email })}`,
    }),
    remove: async () => {
      await issuing.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Answers with documents by their path, on a free port of this machine. */
async function serveDocuments(): Promise<{
  readonly url: string;
  readonly show: (documents: Readonly<Record<string, object>>) => void;
  readonly close: () => Promise<void>;
}> {
  let shown: Readonly<Record<string, object>> = {};
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(shown[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    show: (documents) => {
      shown = documents;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
