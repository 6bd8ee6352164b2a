import { readFile } from 'node:fs/promises';
import { ConfigFault, loadSettings } from '@keyserver/config';
import { type StartService, createHttpApp, healthWatch, withTelemetry } from '@keyserver/service';
import { federationServeSettings, tlsFilesOf } from './config.ts';
import { fetchMethod } from './grpc/fetch-method.ts';
import { healthMethod } from './grpc/health-method.ts';
import { listenGrpc } from './grpc/listen-grpc.ts';
import { type TlsFiles, credentialsOf, grpcServer } from './grpc/server.ts';
import { type ServeDeps, openCloudExporter, wire } from './wiring.ts';

/** Starts the service: settings, platform, server. Closing it lets calls give what they have, and takes no new ones. */
export const startFederationServe: StartService = async (env, ambient) => {
  const settings = loadSettings(federationServeSettings, env);
  const tls = await readTls(tlsFilesOf(settings));
  const parts = { name: 'federation-serve', settings, ambient, openCloudExporter } as const;
  return await withTelemetry(parts, async (observed) => {
    const { deps, release } = await wire(settings, observed);
    observed.observeProgress?.(deps.progress);
    try {
      const { PORT: port, HOST: host } = settings;
      const server = await listenGrpc(listenersOf(deps, tls), { port, host });
      return {
        url: server.url,
        close: async () => {
          await server.close();
          await release();
        },
      };
    } catch (fault) {
      await release();
      throw fault;
    }
  });
};

function listenersOf(deps: ServeDeps, tls: TlsFiles | undefined) {
  const { timers, health } = deps;
  const findings = healthWatch(health, deps);
  const isHealthy = async (): Promise<boolean> => (await findings()).problems.length === 0;
  const { fetch, endCalls } = fetchMethod(deps);
  return {
    grpc: grpcServer({ fetch, check: healthMethod(isHealthy) }),
    ...{ credentials: credentialsOf(tls), isTls: tls !== undefined, endCalls, timers },
    http: createHttpApp({ ...deps, findings, routes: () => undefined }),
  };
}

async function readTls(files: ReturnType<typeof tlsFilesOf>): Promise<TlsFiles | undefined> {
  if (files === undefined) return undefined;
  const [certificate, key] = await Promise.all([readPem(files.certificate), readPem(files.key)]);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  const unread = [
    ...(certificate === undefined ? ['TLS_CERT_FILE'] : []),
    ...(key === undefined ? ['TLS_KEY_FILE'] : []),
  ];
  // Why, the operator sees by reading the files; a path is a value, which no fault of settings names.
  const allowed = 'a file that this program may read';
  throw new ConfigFault(unread.map((name) => ({ name, kind: 'refused', allowed })));
}

/** What a file holds; undefined where it cannot be read. */
async function readPem(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
