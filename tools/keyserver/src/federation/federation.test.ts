import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FederationQuery, NO_KEYS, type Partner } from '@keyserver/federation';
import { aPartner, aQuery, aWireKey } from '@keyserver/federation/testing';
import { type Serve, aGrpcPartner, closeGrpcPartners } from '@keyserver/federation-pull/testing';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { seededRandom } from '@keyserver/random/testing';
import {
  federationQueries,
  federationSync,
  keyBatchDocument,
  keyBatches,
  openStoreFormat,
  partnerDocument,
  partners,
  queryDocument,
  readStandings,
} from '@keyserver/stores';
import { SETTINGS, aKey, federationPositions, recordsOf } from '@keyserver/stores/testing';
import { DAY, HOUR, simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { NOW, keyserver } from '../testing/run-cli.ts';

const clock = simulatedClock(NOW);
const machine = { clock, timers: systemTimers, random: seededRandom('federation') };
let dataDirectory = '';

const onPlatform = async <T>(work: (platform: LocalPlatform) => Promise<T>): Promise<T> => {
  const platform = await openLocalPlatform({ ...machine, dataDirectory });
  try {
    return await work(platform);
  } finally {
    await platform.close();
  }
};

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'keyserver-federation-'));
  await onPlatform(async ({ store, keyHashSecret, openIssuer }) => {
    await openIssuer('http://127.0.0.1:8083');
    const known = { place: dataDirectory, keyHashSecret, profile: 'production' as const };
    await openStoreFormat(
      store,
      { ...known, window: SETTINGS.windows()[0].length },
      machine.random,
    );
  });
});
afterEach(() => {
  closeGrpcPartners();
  rmSync(dataDirectory, { recursive: true });
});

const configured = async (query: FederationQuery): Promise<void> => {
  await onPlatform(async ({ store }) => {
    await store.transact(async (tx) => {
      await tx.get(federationQueries, [query.id]);
      tx.set(federationQueries, query.id, queryDocument(query));
    });
  });
};

/** A run of the query that stopped: at 02:00, with a problem. */
const hasRun = async (): Promise<void> => {
  await onPlatform(async ({ store }) => {
    const sync = federationSync(store, { ...SETTINGS, clock }, machine.random);
    const begun = await sync.begin(aQuery());
    if (begun.kind !== 'begun') throw new Error(begun.kind);
    const at = { timestamp: NOW / 1000 - 10 * 3600, token: 'opaque' };
    const rejects = [{ field: 'regions', reason: 'missing', count: 3 }] as const;
    const others = { ...NO_KEYS, rejects };
    const next = { state: { keys: at, revisions: at }, more: true, others };
    await sync.store(begun.sync, { keys: [], next });
    await sync.end(begun.sync, { kind: 'failed', problem: 'state_refused' });
  });
};

const run = async (...argv: string[]) =>
  await keyserver(['federation', ...argv, '--data-dir', dataDirectory], { clock });

async function tested(serve: Serve, ...more: string[]) {
  const port = await aGrpcPartner(serve);
  await configured(aQuery({ server: `127.0.0.1:${port}` }));
  return await run('test', '--query', 'neighbour', '--plaintext-loopback', ...more);
}

describe('federation test', () => {
  it('explains what one call got, and stores nothing', async () => {
    const { code, out } = await tested(() => ({
      keys: [aWireKey(1), aWireKey(2, { regions: [] })],
      ...{ more: true, next: [NOW / 1000, 'x'] },
    }));
    expect(code).toBe(0);
    expect(out).toContain('knows us, and answered 2 keys and 0 revised keys.');
    expect(out).toContain('1 key can be used, of the regions: XB.');
    expect(out).toContain('The next call goes on from 2024-05-20T12:00:00Z.');
    expect(out).toMatch(/regions +missing +1/);
    expect(
      await onPlatform(async ({ store }) => await readStandings(store, ['neighbour'])),
    ).toEqual([undefined]);
  });

  it('asks from where the query stopped, or from the beginning', async () => {
    const asked: (number | undefined)[] = [];
    await configured(aQuery());
    await hasRun();
    const serve: Serve = (_authorization, { state }) => {
      asked.push(state?.keys.timestamp);
      return {};
    };
    await tested(serve);
    await tested(serve, '--from-start');
    expect(asked).toEqual([NOW / 1000 - 10 * 3600, undefined]);
  });

  it('prints JSON that holds counts alone', async () => {
    const { out } = await tested(() => ({ keys: [aWireKey(1)], next: [1, 'x'] }), '--json');
    expect(JSON.parse(out)).toMatchObject({ keys: 1, usable: 1, rejects: [], moreToCome: false });
  });

  it('says what a refusal means, and what the partner said, on one line', async () => {
    const said = { code: 16, details: 'Invalid audience\u001b[2J' };
    const { code, err } = await tested(() => said);
    expect(code).toBe(1);
    expect(err).toContain('answered UNAUTHENTICATED, saying "Invalid audience?[2J"');
    expect(err).toContain('exactly the audience of the query');
  });

  it('says why there is no token, and calls nobody', async () => {
    let calls = 0;
    rmSync(join(dataDirectory, 'keys', 'oidc-issuer.pem'));
    const { code, err } = await tested(() => ({ ...(calls++, {}) }));
    expect([code, calls]).toEqual([2, 0]);
    expect(err).toMatch(
      /no call was made, .*oidc-issuer\.pem is not there: npm start makes it once/,
    );
  });

  it('calls nobody with roots that cannot be read', async () => {
    let calls = 0;
    const roots = ['--extra-root-file', join(dataDirectory, 'absent.pem')];
    const { code, err } = await tested(() => ({ ...(calls++, {}) }), ...roots);
    expect([code, calls]).toEqual([2, 0]);
    expect(err).toContain('absent.pem is no PEM file of certificates that can be read');
  });

  it('says why an answer cannot be read', async () => {
    const { code, err } = await tested(() => Buffer.from('<html>'));
    expect([code, err]).toEqual([1, expect.stringContaining('cannot be read') as string]);
  });

  it.each([
    [['--query', 'nobody'], 'there is no query nobody'],
    [['--query', 'No Body'], 'must be 1 to 40 of a-z, 0-9 and -'],
    [['--partner', 'nobody'], 'there is no query and no partner nobody'],
    [['--partner', 'No Body'], 'must be 1 to 40 of a-z, 0-9 and -'],
    [['--partner', 'a', '--query', 'b'], 'cannot be used with option'],
    [['--partner', 'a', '--key-retention-hours', '1'], 'must be a whole number from 240'],
    [[], 'say what to test: --partner ID, or --query ID'],
  ])('is not made with %j', async (argv, sentence) => {
    const { code, err } = await run('test', ...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(sentence) as string]);
  });
});

describe('federation test of a partner', () => {
  const HOUR_AGO = unixMillis(NOW - 2 * HOUR);
  const granted = async (change: Partial<Partner> = {}): Promise<void> => {
    const partner = aPartner({ from: unixMillis(NOW - DAY), ...change });
    await onPlatform(async ({ store }) => {
      await store.transact(async (tx) => {
        await tx.get(partners, [partner.id]);
        tx.set(partners, partner.id, partnerDocument(partner));
        tx.create(keyBatches, 'one', keyBatchDocument(BATCH, SETTINGS, machine.random));
      });
    });
  };
  const BATCH = {
    ...({ window: HOUR_AGO, kind: 'primary', origin: 'local', sourceId: '' } as const),
    ...{ regions: ['US'], traveler: false, app: 'app', authority: undefined },
    records: recordsOf(aKey(1)),
  };

  it('says what it is served, calls nobody where nothing is asked of it, and stores nothing', async () => {
    await granted();
    const { code, out } = await run('test', '--partner', 'neighbour');
    expect(code).toBe(0);
    expect(out).toContain(
      'Partner neighbour is served fresh, from 2024-05-19T12:00:00Z on: keys of US',
    );
    expect(out).toContain(
      'come as 1098765, with tokens of https://accounts.example that are meant for',
    );
    expect(out).toContain('It can fetch 1 unit now, from 2024-05-20T10:00:00Z on.');
    expect(out).toContain('There is no query neighbour: nobody was called.');
    expect((await run('status')).out).toBe('No query is configured.\n');
  });

  it('calls it as its query would, after what it is served', async () => {
    await granted();
    const port = await aGrpcPartner(() => ({ keys: [aWireKey(1)], next: [NOW / 1000, 'x'] }));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const both = ['test', '--partner', 'neighbour', '--plaintext-loopback'];
    expect((await run(...both)).out).toMatch(/is served fresh.*knows us, and answered 1 key /s);
    expect(JSON.parse((await run(...both, '--json')).out)).toMatchObject({
      served: { partner: 'neighbour', units: 1, first: '2024-05-20T10:00:00Z' },
      fetched: { keys: 1, usable: 1 },
    });
  });

  it('says that nothing is served to a server that is only asked', async () => {
    const port = await aGrpcPartner(() => ({}));
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { out } = await run('test', '--partner', 'neighbour', '--plaintext-loopback');
    expect(out).toMatch(/^Nothing is served to a partner neighbour\.\n.*answered 0 keys/s);
  });

  it('says what it is served also when the call fails', async () => {
    await granted();
    const said = { code: 16, details: 'Invalid token' };
    const port = await aGrpcPartner(() => said);
    await configured(aQuery({ server: `127.0.0.1:${port}` }));
    const { code, out, err } = await run('test', '--partner', 'neighbour', '--plaintext-loopback');
    expect([code, out]).toEqual([1, expect.stringContaining('It can fetch 1 unit') as string]);
    expect(err).toContain('answered UNAUTHENTICATED');
  });

  it.each([
    ['begins later', { from: unixMillis(NOW + HOUR) }],
    ['is padded, before its first unit is settled', { mode: 'padded', minRecords: 10 }],
    ['has ended', { thru: unixMillis(NOW - 20 * HOUR) }],
  ] as const)('says that there is nothing for a partner that %s', async (_which, change) => {
    await granted(change);
    const { out } = await run('test', '--partner', 'neighbour');
    expect(out).toContain('There is nothing that it could fetch now.');
  });
});

describe('federation status', () => {
  it('says that nothing is configured', async () => {
    expect((await run('status')).out).toBe('No query is configured.\n');
  });

  it('tells a query that never ran from one that has stopped, and what to do', async () => {
    await configured(aQuery());
    expect((await run('status')).out).toContain('never ran');
    await hasRun();
    const { out } = await run('status');
    expect(out).toMatch(/neighbour +keys\.neighbour\.example +2024-05-20T02:00:00Z +36000 s/);
    expect(out).toMatch(/state_refused +0 +3/);
    expect(out).toContain('keyserver federation reset --query');
    expect(out).toContain('Failed 1 times in a row');
    expect(out).not.toContain('opaque');
  });

  it('says that a query has lost its position, which is not that it never ran', async () => {
    await configured(aQuery());
    await hasRun();
    await onPlatform(async ({ store }) => {
      await store.transact(async (tx) => {
        await tx.get(federationPositions, ['neighbour']);
        tx.delete(federationPositions, 'neighbour');
      });
    });
    const { out } = await run('status');
    expect(out).not.toContain('never ran');
    expect(out).toMatch(/neighbour: where the query stopped is gone .* --from\.\n/);
  });

  it('gives the report for the partner as JSON', async () => {
    await configured(aQuery());
    await hasRun();
    expect(JSON.parse((await run('status', '--json')).out)).toMatchObject([
      {
        ...{ query: 'neighbour', behindSeconds: 36_000, problem: 'state_refused' },
        runs: [{ rejects: [{ field: 'regions', reason: 'missing', count: 3 }] }],
      },
    ]);
  });
});

describe('federation reset', () => {
  it('lets a query go on at the time where it stopped', async () => {
    await configured(aQuery());
    await hasRun();
    const { code, out } = await run('reset', '--query', 'neighbour', '--yes');
    expect([code, out]).toEqual([
      ...[0, 'Query neighbour goes on from 2024-05-20T01:59:59Z with its next run.\n'],
    ]);
    expect((await run('status')).out).not.toContain('Failed');
  });

  it('lets it go on at another time', async () => {
    await configured(aQuery());
    const from = ['--from', '2024-05-01T00:00:00Z'];
    const { out } = await run('reset', '--query', 'neighbour', '--yes', ...from);
    expect(out).toContain('goes on from 2024-05-01T00:00:00Z');
  });

  it.each([
    [['--query', 'neighbour', '--yes'], 'has no position'],
    [['--query', 'neighbour'], 'nobody is here to be asked'],
    [['--query', 'other', '--yes'], 'there is no query other'],
    [['--query', 'neighbour', '--yes', '--from', 'yesterday'], 'must be a time in UTC'],
    [['--query', 'neighbour', '--yes', '--from', '2024-05-20T12:00:01Z'], 'that has not come'],
  ])('changes nothing with %j', async (argv, sentence) => {
    await configured(aQuery());
    const { code, err } = await run('reset', ...argv);
    expect([code, err]).toEqual([2, expect.stringContaining(sentence) as string]);
    expect((await run('status')).out).toContain('never ran');
  });
});
