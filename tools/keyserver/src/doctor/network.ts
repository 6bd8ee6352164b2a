import { connect } from 'node:tls';
import type { Certificate, Network } from '@keyserver/doctor';
import { within } from '@keyserver/retry';
import { SECOND, type Timers, unixMillis } from '@keyserver/time';
import { readBounded } from '../bounded-read.ts';
import { CommandFault, reasonOf } from '../command-fault.ts';

/** The doctor's own patience: shorter than that of a check, so that the check can say what did not answer. */
const PATIENCE = 10 * SECOND;

/** What the doctor reaches over the network. Redirections are answers like any other. */
export const networkOver = (timers: Timers): Network => ({
  fetch: async (address, maxBytes) => {
    const url = new URL(address);
    try {
      return await within({ ms: PATIENCE, timers }, async (signal) => {
        const response = await fetch(url, { signal, redirect: 'manual' });
        const body = await readBounded(response, maxBytes, url);
        const header = (name: string): string | undefined =>
          response.headers.get(name) ?? undefined;
        return { status: response.status, header, body };
      });
    } catch (error) {
      if (error instanceof CommandFault) throw error;
      throw new CommandFault(`${url.href} cannot be fetched: ${reasonOf(error)}`);
    }
  },
  certificateOf: async (host, port) =>
    await within({ ms: PATIENCE, timers }, async (signal) => await shownBy(host, port, signal)),
});

/** Shakes hands, looks at the certificate, believed or not, and sends nothing. */
async function shownBy(host: string, port: number, signal: AbortSignal): Promise<Certificate> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false }, () => {
      const { valid_to: until } = socket.getPeerCertificate();
      const { authorized, authorizationError } = socket;
      socket.destroy();
      resolve({
        until: unixMillis(Date.parse(until)),
        disbelieved: authorized ? undefined : String(authorizationError),
      });
    });
    socket.once('error', (error) => {
      reject(new CommandFault(`${host} shows no certificate: ${reasonOf(error)}`));
    });
    signal.addEventListener('abort', () => {
      socket.destroy();
    });
  });
}
