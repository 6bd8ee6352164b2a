import { connect } from 'node:net';

/** Sends bytes as they are and gives everything that comes back until the connection ends. */
export async function rawRequest(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.end(bytes); // half closed: the server has all there will be
    });
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}
