import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

/** What an observer of ciphertext sees of an answer: how long it took from the end of the request, and all its bytes. */
export interface SeenAnswer {
  readonly ms: number;
  readonly bytes: number;
  readonly status: number;
}

const END_OF_HEAD = '\r\n\r\n';
const STATUS_AT = 'HTTP/1.1 '.length;

/** A connection over which one request after another is sent. */
export class ProbeConnection {
  private readonly port: number;
  private socket: Socket | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async send(request: Buffer): Promise<SeenAnswer> {
    const socket = (this.socket ??= await this.connect());
    let [text, since, ms] = ['', 0, 0];
    const whole = new Promise<string>((resolve, reject) => {
      const end = (): void => {
        reject(new Error('the service has closed the connection'));
      };
      const take = (piece: string): void => {
        if (ms === 0) ms = performance.now() - since;
        text += piece;
        if (!isWhole(text)) return;
        socket.off('data', take).off('close', end);
        resolve(text);
      };
      socket.on('data', take).on('close', end);
    });
    since = performance.now();
    socket.write(request);
    const answer = await whole;
    if (/\r\nconnection: close\r\n/i.test(answer)) this.close();
    return { ms, bytes: answer.length, status: Number(answer.slice(STATUS_AT, STATUS_AT + 3)) };
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private async connect(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    // Between two requests the service may close it, and the next one opens another.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        if (this.socket === socket) this.socket = undefined;
      });
    await once(socket, 'connect');
    return socket;
  }
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf(END_OF_HEAD);
  if (headEnd < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1]);
  return text.length >= headEnd + END_OF_HEAD.length + length;
}
