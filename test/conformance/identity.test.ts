import { machine } from '../support/machine.ts';
import { outgoingTokens } from '@keyserver/cloud-identity';
import { openScheduler } from '@keyserver/cloud-scheduler';
import { type LocalPlatform, openLocalPlatform } from '@keyserver/local';
import { recordingLog } from '@keyserver/log/testing';
import { systemRandom } from '@keyserver/random';
import {
  type PartnerIdentity,
  type RunningServer,
  callerVerifier,
  createHttpApp,
  listen,
  partnerVerifier,
  requireCaller,
} from '@keyserver/service';
import { systemClock, systemTimers } from '@keyserver/time';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { startSchedulerStandIn } from '@keyserver/stand-ins/scheduler';

const AUDIENCE = 'https://us.example';
const EMAIL = 'jobs@health.example';
const PARTNER = 'partner@neighbour.example';

type Issuer = Awaited<ReturnType<LocalPlatform['openIssuer']>>;

let directory = '';
let platform: LocalPlatform;
let issuer: Issuer;
let issuing: RunningServer;
let service: RunningServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyserver-identity-'));
  platform = await openLocalPlatform({ ...machine, dataDirectory: directory });
  let documents: Readonly<Record<string, object>> = {};
  issuing = await listen(
    (request, response) => {
      response.end(JSON.stringify(documents[request.url ?? ''] ?? {}));
    },
    { port: 0, timers: systemTimers },
  );
  issuer = await platform.openIssuer(issuing.url);
  ({ documents } = issuer);
  service = await listen(guardedApp(), { port: 0, timers: systemTimers });
});
afterAll(async () => {
  await service.close();
  await issuing.close();
  await platform.close();
  await rm(directory, { recursive: true, force: true });
});

/** A service with a route for jobs and a route for partners. */
function guardedApp(): ReturnType<typeof createHttpApp> {
  const rules = {
    ...{
      issuers: [issuer],
      audience: AUDIENCE,
      clock: systemClock,
      timers: systemTimers,
      allowHttpJwks: true,
    },
  };
  const verifyCaller = callerVerifier({ ...rules, emails: [EMAIL] });
  const findPartner = (of: PartnerIdentity): Promise<{ readonly audience: string } | undefined> =>
    Promise.resolve(
      of.issuer === issuer.issuer && of.subject === PARTNER ? { audience: AUDIENCE } : undefined,
    );
  const verifyPartner = partnerVerifier({ ...rules, findPartner });
  return createHttpApp({
    log: recordingLog().log,
    ...{
      random: systemRandom,
      clock: systemClock,
      timers: systemTimers,
      health: () => Promise.resolve(),
    },
    routes: (app, logOf) => {
      app.post('/job', requireCaller(verifyCaller, logOf), (_request, response) => {
        response.json({});
      });
      app.post('/partner', requireCaller(verifyPartner, logOf), (_request, response) => {
        response.json({});
      });
    },
  });
}

const statusOf = async (route: string, token?: string): Promise<number> => {
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await fetch(`${service.url}${route}`, { method: 'POST', headers })).status;
};

describe('a route for jobs', () => {
  it.each([
    ['the account that may call', { audience: AUDIENCE, email: EMAIL }, 200],
    ['an account that may not', { audience: AUDIENCE, email: PARTNER }, 403],
    ['a call for somebody else', { audience: 'https://others.example', email: EMAIL }, 401],
  ])('answers %s', async (_whom, identity, status) => {
    expect(await statusOf('/job', await issuer.mint(identity))).toBe(status);
  });

  it('answers nobody without a token, nor one whose signature Cloud Run has kept', async () => {
    const token = await issuer.mint({ audience: AUDIENCE, email: EMAIL });
    const kept = token.replace(/[^.]*$/, 'SIGNATURE_REMOVED_BY_GOOGLE');
    expect([await statusOf('/job'), await statusOf('/job', kept)]).toEqual([401, 401]);
  });

  it.each([
    [{ audience: AUDIENCE }, 'OK'],
    [{}, 'UNAUTHENTICATED'], // meant for the route, not for the service
  ])('is reached by a job of Cloud Scheduler with the token %j: %s', async (of, status) => {
    const cloud = await startSchedulerStandIn({ mint: issuer.mint });
    cloud.add({
      name: 'projects/health/locations/europe-west1/jobs/a',
      schedule: '* * * * *',
      httpTarget: {
        uri: `${service.url}/job`,
        httpMethod: 'POST',
        oidcToken: { serviceAccountEmail: EMAIL, ...of },
      },
    });
    const [servicePath = '', port] = cloud.address.split(':');
    const scheduler = openScheduler({
      timers: systemTimers,
      ...{ projectId: 'health', location: 'europe-west1', insecure: true },
      ...{ servicePath, port: Number(port) },
    });
    await scheduler.run('a');
    await cloud.settled();
    const [job] = await scheduler.list();
    await scheduler.close();
    await cloud.close();
    expect(job?.lastAttempt?.status).toBe(status);
  });
});

describe('a route for partners', () => {
  it.each([
    ['a partner', { audience: AUDIENCE, email: PARTNER }, 200],
    ['an account that is no partner', { audience: AUDIENCE, email: EMAIL }, 403],
    ['a partner of somebody else', { audience: 'https://others.example', email: PARTNER }, 401],
  ])('answers %s', async (_whom, identity, status) => {
    expect(await statusOf('/partner', await issuer.mint(identity))).toBe(status);
  });

  it('answers nobody without a token', async () => {
    expect(await statusOf('/partner')).toBe(401);
  });

  it('answers the account of a Google machine with the token that its own metadata server gives', async () => {
    const machine = await startMetadataStandIn(
      async (audience) => await issuer.mint({ audience, email: PARTNER }),
    );
    const before = process.env;
    process.env = {
      CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs the tests
      METADATA_SERVER_DETECTION: 'assume-present',
      GCE_METADATA_HOST: machine.address,
    };
    const idTokenFor = outgoingTokens({
      ...{ projectId: 'neighbour', clock: systemClock, timers: systemTimers },
    });
    try {
      expect(await statusOf('/partner', await idTokenFor(AUDIENCE))).toBe(200);
      expect(await statusOf('/partner', await idTokenFor('https://others.example'))).toBe(401);
    } finally {
      process.env = before;
      await machine.close();
    }
  });
});
