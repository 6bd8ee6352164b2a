import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What befalls the next requests for a token. */
export type MetadataFault =
  | { readonly kind: 'fail'; readonly status: number; readonly times: number }
  | { readonly kind: 'hang'; readonly times: number };

/** A running stand-in for the metadata server that a Google machine asks for tokens of its own account. */
export interface MetadataStandIn {
  /** Host and port, for the variable GCE_METADATA_HOST. */
  readonly address: string;
  /** The audiences that tokens were asked for, in order. */
  readonly asked: readonly string[];
  /** Plans what befalls the next requests. */
  fault(fault: MetadataFault): void;
  close(): Promise<void>;
}

const ROOT = '/computeMetadata/v1/instance';
const IDENTITY = `${ROOT}/service-accounts/default/identity`;
const FLAVOR = 'metadata-flavor';

/** Starts a stand-in on a free port of this machine; `mint` makes the tokens of its account. */
export async function startMetadataStandIn(
  mint: (audience: string) => Promise<string> | string,
): Promise<MetadataStandIn> {
  const asked: string[] = [];
  const faults: MetadataFault[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://metadata');
    response.setHeader(FLAVOR, 'Google');
    if (request.headers[FLAVOR] !== 'Google') response.writeHead(403).end();
    else if (url.pathname === IDENTITY) await identify(url.searchParams, response);
    else response.writeHead(url.pathname.startsWith(ROOT) ? 200 : 404).end();
  };
  const identify = async (query: URLSearchParams, response: ServerResponse): Promise<void> => {
    const audience = query.get('audience') ?? '';
    asked.push(audience);
    const fault = faults.shift();
    if (fault?.kind === 'hang') return;
    response.statusCode = fault?.status ?? 200;
    response.end(fault === undefined ? await mint(audience) : 'planned by a test');
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    fault: (fault) => {
      for (let n = 0; n < fault.times; n += 1) faults.push(fault);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
