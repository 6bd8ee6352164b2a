import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

type Content = string | Uint8Array;

/** What a path answers: content, or whatever the function does. */
export type Site = Readonly<
  Record<string, Content | ((request: IncomingMessage, response: ServerResponse) => void)>
>;

const open: Server[] = [];

/** Serves a site on this machine until `stopServing`; gives its address, without a slash at the end. */
export async function serve(site: Site): Promise<string> {
  const server = createServer((request, response) => {
    const found = site[request.url ?? ''];
    if (typeof found === 'function') {
      found(request, response);
      return;
    }
    response.statusCode = found === undefined ? 404 : 200;
    response.end(found ?? 'nothing here');
  });
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Ends all servers; for afterEach. */
export function stopServing(): void {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}
