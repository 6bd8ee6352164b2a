import { startCleanup } from '@keyserver/cleanup';
import type { Environment } from '@keyserver/config';
import type { DocumentStore } from '@keyserver/docstore';
import { startExport } from '@keyserver/export';
import type { BlobStore } from '@keyserver/export-file';
import {
  JOB_ACCOUNT,
  type JobIssuer,
  findObjects,
  serveIssuer,
  startCdn,
} from '@keyserver/launcher';
import { type ServiceName, createLogger } from '@keyserver/log';
import { startPublish } from '@keyserver/publish';
import type { Random } from '@keyserver/random';
import { startTrust } from '@keyserver/trust';
import type { Ambient, RunningService, TimeAndChance } from '@keyserver/service';
import type { SimulatedClock, Timers } from '@keyserver/time';
import { JOB_AUDIENCE } from './configuration.ts';

/** Everything that answers over HTTP, each on a free port of this machine. */
export interface Servers {
  readonly urls: Readonly<Record<'publish' | 'export' | 'cleanup' | 'trust' | 'cdn', string>>;
  readonly issuer: JobIssuer;
  close(): Promise<void>;
}

/** Time, chance, and what takes the log lines of all services. */
interface ServerContext extends TimeAndChance {
  readonly write: (line: string) => void;
}

/** Starts the issuer, all services and the file server; when one cannot start, none is left running. */
export async function startServers(
  platform: Platform,
  dataDirectory: string,
  context: ServerContext,
): Promise<Servers> {
  const running: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of running.splice(0).reverse()) await one.close();
  };
  const kept = <T extends { close(): Promise<void> }>(started: T): T => {
    running.push(started);
    return started;
  };
  const base = { ...platform.env, PORT: '0' };
  try {
    const documents: Record<string, object> = {}; // filled once the address that they name is known
    const { url } = kept(await serveIssuer(documents, 0, context.timers));
    const issuer = await platform.openIssuer(url);
    Object.assign(documents, issuer.documents);
    const trust = kept(
      await startTrust({ ...base, ...callersOf(issuer) }, ambientOf('trust', context)),
    );
    const publish = kept(await startPublish(base, ambientOf('publish', context)));
    const exporting = kept(
      await startExport({ ...base, ...callersOf(issuer) }, ambientOf('export', context)),
    );
    const cleanup = kept(
      await startCleanup({ ...base, ...callersOf(issuer) }, ambientOf('cleanup', context)),
    );
    const cdn =
      platform.cdn ?? kept(await serveFiles(dataDirectory, ambientOf('cdn', context))).url;
    return {
      urls: {
        ...{ publish: publish.url, export: exporting.url },
        ...{ cleanup: cleanup.url, trust: trust.url, cdn },
      },
      issuer,
      close,
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}

/** What a service that runs in this process is started with. */
export const ambientOf = (
  service: ServiceName,
  { clock, timers, random, write }: ServerContext,
): Ambient => ({
  ...{ clock, timers, random },
  openLog: (level) => createLogger({ service, write, clock, timers, level }),
  logHealth: () => Promise.resolve(),
});

const serveFiles = async (dataDirectory: string, ambient: Ambient): Promise<RunningService> =>
  await startCdn(findObjects)({ PORT: '0', DATA_DIR: dataDirectory }, ambient);

/** What tells a service who starts its jobs. */
export const callersOf = ({ issuer, jwksUrl }: JobIssuer): Environment => ({
  OIDC_ISSUER: issuer,
  OIDC_JWKS_URL: jwksUrl,
  OIDC_AUDIENCE: JOB_AUDIENCE,
  CALLER_EMAILS: JOB_ACCOUNT,
});

/** The platforms that a round can be played on. */
export const PLATFORMS = ['local', 'gcp-stand-ins'] as const;

/** The name of a platform. */
export type PlatformName = (typeof PLATFORMS)[number];

/** The platform that a round is played on, empty at first. */
export interface Platform {
  /** What tells every service where its platform is. */
  readonly env: Environment;
  readonly store: DocumentStore;
  /** The bucket of all files. */
  readonly bucket: BlobStore;
  /** The names, on this platform, of the private keys that sign files. */
  readonly signingKeys: Readonly<Record<string, string>>;
  readonly openIssuer: (url: string) => Promise<JobIssuer>;
  /** Where phones download files; undefined when that is still to be started. */
  readonly cdn: string | undefined;
  readonly close: () => Promise<void>;
}

/** What a platform is opened with. */
export interface PlatformSettings {
  /** An empty directory, for what lies on this machine. */
  readonly dataDirectory: string;
  readonly clock: SimulatedClock;
  readonly timers: Timers;
  readonly random: Random;
}
