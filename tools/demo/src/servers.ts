import type { Environment } from '@keyserver/config';
import { startExport } from '@keyserver/export';
import { type ServiceName, createLogger } from '@keyserver/log';
import { startPublish } from '@keyserver/publish';
import type { Ambient, RunningService, TimeAndChance } from '@keyserver/service';
import {
  JOB_ACCOUNT,
  type JobIssuer,
  findObjects,
  serveIssuer,
  startCdn,
} from '@keyserver/launcher';
import type { Ground } from './ground.ts';

/** Everything that answers over HTTP, each on a free port of this machine. */
export interface Servers {
  readonly urls: Readonly<Record<'publish' | 'export' | 'cdn', string>>;
  readonly issuer: JobIssuer;
  close(): Promise<void>;
}

/** What identity tokens of jobs must be meant for. */
export const JOB_AUDIENCE = 'https://export.keyserver.example';

/** Time, chance, and what takes the log lines of all services. */
interface Surroundings extends TimeAndChance {
  readonly write: (line: string) => void;
}

/** Starts the issuer, both services and the file server; when one cannot start, none is left running. */
export async function startServers(
  ground: Ground,
  dataDirectory: string,
  around: Surroundings,
): Promise<Servers> {
  const running: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of running.splice(0).reverse()) await one.close();
  };
  const kept = <T extends { close(): Promise<void> }>(started: T): T => {
    running.push(started);
    return started;
  };
  const base = { ...ground.env, PORT: '0' };
  try {
    const documents: Record<string, object> = {}; // filled once the address that they name is known
    const { url } = kept(await serveIssuer(documents, 0, around.timers));
    const issuer = await ground.openIssuer(url);
    Object.assign(documents, issuer.documents);
    const publish = kept(await startPublish(base, ambientOf('publish', around)));
    const exporting = kept(
      await startExport({ ...base, ...callersOf(issuer) }, ambientOf('export', around)),
    );
    const cdn = ground.cdn ?? kept(await serveFiles(dataDirectory, ambientOf('cdn', around))).url;
    return { urls: { publish: publish.url, export: exporting.url, cdn }, issuer, close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

const ambientOf = (
  service: ServiceName,
  { clock, timers, random, write }: Surroundings,
): Ambient => ({
  ...{ clock, timers, random },
  openLog: (level) => createLogger({ service, write, clock, timers, level }),
  logHealth: () => Promise.resolve(),
});

const serveFiles = async (dataDirectory: string, ambient: Ambient): Promise<RunningService> =>
  await startCdn(findObjects)({ PORT: '0', DATA_DIR: dataDirectory }, ambient);

const callersOf = ({ issuer, jwksUrl }: JobIssuer): Environment => ({
  OIDC_ISSUER: issuer,
  OIDC_JWKS_URL: jwksUrl,
  OIDC_AUDIENCE: JOB_AUDIENCE,
  CALLER_EMAILS: JOB_ACCOUNT,
});
