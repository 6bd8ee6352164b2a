import { type CallerRefusal, requestIdOf } from '@keyserver/log';
import { type Caller, type VerifyCaller, requireCaller } from './index.ts';
import { type TestService, aService } from './testing/an-app.ts';
import { rawConnection } from './testing/raw-http.ts';

let service: TestService;
let reached: number;
afterEach(async () => {
  await service.server.close();
});

async function guarded(verify: VerifyCaller): Promise<void> {
  reached = 0;
  service = await aService({
    routes: (app, logOf) => {
      app.post('/do-work', requireCaller(verify, logOf), (_request, response) => {
        reached += 1;
        response.send('{"ok":true}');
      });
    },
  });
}
const answering = async (caller: Caller): Promise<Response> => {
  await guarded(() => Promise.resolve(caller));
  return await service.fetch('/do-work', { method: 'POST' });
};

describe('a route for known callers', () => {
  it('is reached by a known caller', async () => {
    const response = await answering({ kind: 'caller', email: 'a@example.org' });
    expect([response.status, reached]).toEqual([200, 1]);
    expect(service.events('caller.refused')).toEqual([]);
  });

  it.each<CallerRefusal>(['missing', 'several', 'signature', 'email'])(
    'answers 401 without saying that it was %s',
    async (reason) => {
      const response = await answering({ kind: 'unauthenticated', reason });
      expect([response.status, await response.text()]).toEqual([401, '{"error":"unauthorized"}']);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(reached).toBe(0);
      expect(service.events()).toMatchObject([{ message: 'caller.refused', reason }]);
    },
  );

  it('answers 403 to a caller without a grant', async () => {
    const response = await answering({ kind: 'forbidden', reason: 'not_granted' });
    expect([response.status, await response.text()]).toEqual([403, '{"error":"forbidden"}']);
    expect(reached).toBe(0);
  });

  it('answers 503 while nobody can be verified', async () => {
    const response = await answering({ kind: 'unverifiable', fault: new Error('10.0.0.7 away') });
    expect([response.status, await response.text()]).toEqual([503, '{"error":"unavailable"}']);
    expect(response.headers.get('retry-after')).toBe('10');
    expect(service.events()).toMatchObject([{ message: 'caller.unverifiable', severity: 'ERROR' }]);
    expect([reached, service.lines.join('').includes('10.0.0.7')]).toEqual([0, false]);
  });

  it('hands over every Authorization header, where HTTP libraries keep only the first', async () => {
    const seen: (readonly string[])[] = [];
    await guarded((authorization) => {
      seen.push(authorization);
      return Promise.resolve({ kind: 'unauthenticated', reason: 'several' });
    });
    const connection = await rawConnection(service.server.port);
    connection.send(
      'POST /do-work HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' +
        'Authorization: Bearer a.b.c\r\nauthorization: Bearer d.e.f\r\nContent-Length: 0\r\n\r\n',
    );
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 401 /);
    await service.fetch('/do-work', { method: 'POST' });
    expect(seen).toEqual([['Bearer a.b.c', 'Bearer d.e.f'], []]);
  });

  it('logs nothing of a token', async () => {
    await answering({ kind: 'unauthenticated', reason: 'signature' });
    await service.fetch('/do-work', {
      method: 'POST',
      headers: { authorization: 'Bearer aaaa.bbbb.cccc' },
    });
    expect(service.lines.join('')).not.toContain('bbbb');
    expect(service.events()[0]?.['requestId']).toHaveLength(requestIdOf(new Uint8Array(16)).length);
  });
});
