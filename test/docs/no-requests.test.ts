import { type RawConnection, rawConnection } from '@keyserver/service/testing';
import {
  type TestServer,
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from '@keyserver/publish/testing';
import { rowsOf, sectionOf, textOf } from './pages.ts';

const POST = 'POST /v1/publish HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const QUICK = 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n';

/** What the HTTP server answers by itself, by the line that it answers with. */
const NO_REQUESTS: Readonly<Record<string, readonly string[]>> = {
  '400 Bad Request': ['nonsense\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', `${CHUNKED}zz\r\n`],
  '408 Request Timeout': [
    'POST /v1/publish HTTP/1.1\r\nHost:',
    `${POST}Content-Length: 9\r\n\r\n{`,
  ],
  '413 Payload Too Large': [`${CHUNKED}1;${'x'.repeat(17_000)}\r\n`],
  '417 Expectation Failed': [`${POST}Expect: miracles\r\nConnection: close\r\n\r\n`],
  '431 Request Header Fields Too Large': [`${POST}X-Long: ${'x'.repeat(17_000)}\r\n\r\n`],
  '503 Service Unavailable': [QUICK.repeat(101)],
};

let server: TestServer;

/** What comes after what was received, until the server ends the connection. */
const restOf = async (connection: RawConnection, received: string): Promise<string> =>
  (await connection.ended()).slice(received.length);

beforeAll(async () => {
  server = await aPublishServer({}, { headers: 100, request: 200, keepAlive: 500, check: 20 });
});
afterAll(async () => {
  await closePublishServers();
  await closePublishStore();
});

it('lists every answer of the HTTP server on the page', () => {
  const section = sectionOf(textOf('docs/api/publish.md'), 'What is no request');
  const listed = rowsOf(section).map(([answer = '']) => answer.replaceAll('`', ''));
  expect(listed).toEqual(Object.keys(NO_REQUESTS));
});

const cases = Object.entries(NO_REQUESTS).flatMap(([answer, sendings]) =>
  sendings.map((sent) => ({ answer, sent, start: JSON.stringify(sent.slice(0, 60)) })),
);

it.each(cases)(
  'answers $answer to $start, with an error or nothing in it',
  async ({ answer, sent }) => {
    const connection = await rawConnection(server.port);
    connection.send(sent);
    const received = await connection.until(`HTTP/1.1 ${answer}\r\n`);
    const [, last = ''] = received.split(`HTTP/1.1 ${answer}\r\n`);
    const isEmpty = answer.startsWith('503');
    if (!isEmpty) expect(received).toMatch(/^HTTP\/1\.1 4/);
    const [, body = ''] = `${last}${isEmpty ? '' : await restOf(connection, received)}`.split(
      '\r\n\r\n',
    );
    expect(body).toMatch(isEmpty ? /^[^{<]*$/ : /^\{"error":"[^"]+"\}$/);
    connection.destroy();
  },
);
