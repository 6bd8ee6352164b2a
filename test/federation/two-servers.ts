import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FederationQuery, Partner } from '@keyserver/federation';
import { aPartner, aQuery } from '@keyserver/federation/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { listen } from '@keyserver/service';
import {
  federationPositions,
  federationQueries,
  leases,
  partnerDocument,
  partners,
  queryDocument,
} from '@keyserver/stores';
import { systemTimers } from '@keyserver/time';
import { type ServiceProcess, serviceProcess } from '../crash/service-process.ts';
import { machine } from '../support/machine.ts';

const AUDIENCE = aPartner().audience;
const JOBS = { audience: 'http://jobs.keyserver.localhost', email: 'jobs@keyserver.localhost' };
const ACCOUNT = 'federation@keyserver.localhost';

/** Two servers as processes, of which the taker has a query of the giver, and the giver a partner that is the taker. */
export interface TwoServers {
  readonly giver: LocalPlatform;
  readonly taker: LocalPlatform;
  readonly serve: ServiceProcess;
  readonly pulling: ServiceProcess;
  /** Says how the query asks and what the partner may have, once both run; neither a pause nor the lease of a dead run is waited for. */
  ask(query?: Partial<FederationQuery>, partner?: Partial<Partner>): Promise<void>;
  /** Starts one run; gives what was answered, or `killed`. */
  pull(): Promise<string>;
}

/** Starts such servers for each test that asks, and ends them and removes their data after it. */
export function twoServers(): {
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<TwoServers>;
} {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const opened = async (): Promise<LocalPlatform & { readonly directory: string }> => {
    const directory = mkdtempSync(join(tmpdir(), 'keyserver-pair-'));
    const platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
    closers.push(() => {
      rmSync(directory, { recursive: true });
    }, platform.close);
    return { ...platform, directory };
  };
  const start = async (env: Readonly<Record<string, string>> = {}): Promise<TwoServers> => {
    const [giver, taker] = [await opened(), await opened()];
    const { issuer, close } = await servedIssuer(taker);
    closers.push(close);
    const processOf = (
      name: 'federation-serve' | 'federation-pull',
      directory: string,
      own: Readonly<Record<string, string>>,
    ): ServiceProcess => {
      const started = serviceProcess(name, {
        env: { PLATFORM: 'local', DATA_DIR: directory, ...env, ...own },
        script: () => [fileURLToPath(import.meta.resolve(`@keyserver/${name}/main`))],
      });
      closers.push(started.stop);
      return started;
    };
    const serve = processOf('federation-serve', giver.directory, {
      FEDERATION_ISSUERS: `${issuer.issuer}=${issuer.jwksUrl}`,
    });
    const pulling = processOf('federation-pull', taker.directory, {
      ...{ OIDC_ISSUER: issuer.issuer, OIDC_JWKS_URL: issuer.jwksUrl },
      ...{ OIDC_AUDIENCE: JOBS.audience, CALLER_EMAILS: JOBS.email },
      FEDERATION_PLAINTEXT_LOOPBACK: 'true',
    });
    const ask: TwoServers['ask'] = async (query = {}, partner = {}) => {
      await Promise.all([serve.ready(), pulling.ready()]);
      const known = { issuer: issuer.issuer, subject: ACCOUNT, ...partner };
      await keepPartner(giver, aPartner(known));
      const server = new URL(serve.url() ?? '').host;
      const fields = { server, audience: AUDIENCE, onlyLocalProvenance: false, ...query };
      await keepQuery(taker, aQuery(fields));
    };
    const pull = async (): Promise<string> => {
      const headers = { authorization: `Bearer ${await issuer.mint(JOBS)}` };
      const url = `${pulling.url() ?? ''}/?query-id=${aQuery().id}`;
      try {
        return await (await fetch(url, { method: 'POST', headers })).text();
      } catch {
        return 'killed';
      }
    };
    return { giver, taker, serve, pulling, ask, pull };
  };
  return { start };
}

/** The issuer of a server, whose keys are served until it is closed. */
async function servedIssuer({ openIssuer }: LocalPlatform) {
  let documents: Readonly<Record<string, object>> = {};
  const served = await listen(
    (request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  const issuer = await openIssuer(served.url);
  ({ documents } = issuer);
  return { issuer, close: served.close };
}

async function keepPartner({ store }: LocalPlatform, partner: Partner): Promise<void> {
  await store.transact(async (tx) => {
    tx.set(partners, partner.id, partnerDocument(partner));
    await Promise.resolve();
  });
}

async function keepQuery({ store }: LocalPlatform, query: FederationQuery): Promise<void> {
  await store.transact(async (tx) => {
    const [position] = await tx.get(federationPositions, [query.id]);
    tx.set(federationQueries, query.id, queryDocument(query));
    if (position !== undefined)
      tx.set(federationPositions, query.id, { ...position, notBefore: 0 });
    tx.delete(leases, `federation-query-${query.id}`);
  });
}
