import { createServer } from 'node:net';
import type { LauncherConfig } from './settings.ts';

const PORTS = {
  PUBLISH_PORT: 'the publish service',
  EXPORT_PORT: 'the export service',
  CDN_PORT: 'the file server',
  ISSUER_PORT: 'the issuer of job identities',
} as const;

type PortName = keyof typeof PORTS;

/** A sentence for each port that cannot be had; none when the launcher may start. */
export async function busyPorts(
  config: Pick<LauncherConfig, PortName>,
): Promise<readonly string[]> {
  const sentences: string[] = [];
  for (const name of ['PUBLISH_PORT', 'EXPORT_PORT', 'CDN_PORT', 'ISSUER_PORT'] as const) {
    if (await isFree(config[name])) continue;
    sentences.push(
      `Port ${config[name]} for ${PORTS[name]} is taken: another program, or another npm start, uses it. ` +
        `Stop that one, or set ${name} to a free port.`,
    );
  }
  return sentences;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer()
      .once('error', () => {
        resolve(false);
      })
      .listen(port, '127.0.0.1', () => {
        server.close(() => {
          resolve(true);
        });
      });
  });
}
