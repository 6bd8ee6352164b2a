import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Built } from '@keyserver/image';
import { testIssuer } from '@keyserver/service/testing';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startKmsStandIn } from '@keyserver/stand-ins/kms';
import { startStorageStandIn } from '@keyserver/stand-ins/storage';
import { freePorts } from '../support/free-ports.ts';

const CALLER = 'scheduler@example.org';
const TOKEN_KEY = 'projects/demo/locations/europe-west1/keyRings/keyserver/cryptoKeys/tokens';

/** What stands in for Google Cloud, and what services are told in production. */
export interface Cloud {
  readonly environment: Readonly<Record<string, string>>;
  /** The header of a call of the scheduler. */
  caller(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts it; every setting that is not about where something is has its default of production. */
export async function startCloud(): Promise<Cloud> {
  const [firestore, storage, kms, issuer] = await Promise.all([
    startFirestoreStandIn(),
    startStorageStandIn({ buckets: ['exports'] }),
    startKmsStandIn(),
    testIssuer(),
  ]);
  kms.createWrappingKey(TOKEN_KEY);
  return {
    environment: {
      PLATFORM: 'gcp',
      GCP_PROJECT: 'demo-project',
      KEY_HASH_SECRET: 'ab'.repeat(32),
      FIRESTORE_ENDPOINT: firestore.address,
      STORAGE_ENDPOINT: new URL(storage.url).host,
      KMS_ENDPOINT: kms.address,
      REVISION_TOKEN_KEY: TOKEN_KEY,
      OIDC_ISSUER: issuer.issuer,
      OIDC_JWKS_URL: issuer.jwksUrl,
      OIDC_AUDIENCE: 'jobs',
      CALLER_EMAILS: CALLER,
      METADATA_SERVER_DETECTION: 'none',
    },
    caller: async () => {
      const iat = Math.floor(Date.now() / 1000);
      const claims = { aud: 'jobs', email: CALLER, email_verified: true, iat, exp: iat + 600 };
      const token = await issuer.mint({ ...claims, iss: issuer.issuer, sub: '1' });
      return { authorization: `Bearer ${token}` };
    },
    close: async () => {
      await Promise.all([firestore.close(), storage.close(), kms.close(), issuer.close()]);
    },
  };
}

/** A service that runs from an image. */
export interface Running {
  readonly url: string;
  /** Ends it as Cloud Run does; gives its exit code, what it printed, and what it left among temporary files. */
  stop(): Promise<{ code: number | null; printed: string; left: readonly string[] }>;
}

/** Starts the command of an image in its folder, with its variables, and waits until it answers or ends. */
export async function runImage(
  { folder, command, environment }: Built,
  cloud: Cloud,
): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const temporary = mkdtempSync(join(tmpdir(), 'keyserver-image-run-'));
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    cwd: folder,
    env: {
      ...{ PATH: process.env['PATH'], TMPDIR: temporary, PORT: String(port) },
      ...{ ...environment, ...cloud.environment },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${String(port)}`;
  while (child.exitCode === null && child.signalCode === null && !(await answers(url)));
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      const left = readdirSync(temporary);
      rmSync(temporary, { recursive: true });
      return { code: child.exitCode, printed, left };
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/health`);
    return true;
  } catch {
    return false; // nobody listens there yet
  }
}
