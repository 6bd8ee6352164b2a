import { callerVerifier } from '@keyserver/service';
import { startFirestoreStandIn } from '@keyserver/stand-ins/firestore';
import { startMetadataStandIn } from '@keyserver/stand-ins/metadata';
import { simulatedClock, systemTimers, unixMillis } from '@keyserver/time';
import { impatient } from '../../../test/support/machine.ts';
import { openPlatform, outgoingIdentity } from './index.ts';
import { type TestMachine, testAmbient, testMachine } from './testing/index.ts';
import { cloudEnv, testSettings } from './testing/test-settings.ts';

const PARTNER = 'https://federation.example';
const EMAIL = 'pull@example.org';
const clock = simulatedClock(unixMillis(Date.UTC(2026, 0, 15, 12)));

describe('who a service on one machine says it is', () => {
  let machine: TestMachine;
  beforeAll(async () => {
    machine = await testMachine('partner', clock);
  });
  afterAll(async () => {
    await machine.remove();
  });

  const issuer = () => machine.env['OIDC_ISSUER'] ?? '';
  const callAs = async (granted: string, audience: string) => {
    const verify = callerVerifier({
      issuers: [{ issuer: issuer(), jwksUrl: machine.env['OIDC_JWKS_URL'] ?? '' }],
      ...{ audience: PARTNER, emails: [granted], clock, timers: systemTimers },
      allowHttpJwks: true,
    });
    const platform = await openPlatform(
      testSettings({ DATA_DIR: machine.directory }),
      testAmbient('cleanup', { clock }),
      outgoingIdentity({ issuer: issuer(), email: EMAIL }),
    );
    const token = await platform.idTokenFor(audience);
    await platform.close();
    return await verify([`Bearer ${token}`]);
  };

  it('is believed by whoever trusts the issuer of that machine', async () => {
    expect(await callAs(EMAIL, PARTNER)).toEqual({ kind: 'caller', email: EMAIL });
  });

  it('is no use where another account has the grant', async () => {
    expect(await callAs('other@example.org', PARTNER)).toMatchObject({ kind: 'forbidden' });
  });

  it('is no use with whom the token is not for', async () => {
    expect(await callAs(EMAIL, 'https://other.example')).toMatchObject({
      kind: 'unauthenticated',
    });
  });
});

describe('who a service on Google Cloud says it is', () => {
  const environment = process.env;
  afterEach(() => {
    process.env = environment;
  });

  it('is the account that the machine runs as', async () => {
    const token = ['{}', JSON.stringify({ aud: PARTNER, exp: Date.UTC(2100, 0) / 1000 }), 'signed']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    const [firestore, metadata] = await Promise.all([
      startFirestoreStandIn(),
      startMetadataStandIn(() => token),
    ]);
    process.env = {
      CLOUDSDK_CONFIG: '/nowhere', // no credentials of whoever runs the tests
      METADATA_SERVER_DETECTION: 'assume-present',
      GCE_METADATA_HOST: metadata.address,
    };
    const platform = await openPlatform(
      testSettings(cloudEnv(firestore.address)),
      testAmbient('cleanup', { random: impatient }),
      outgoingIdentity({ issuer: 'http://127.0.0.1:1', email: EMAIL }),
    );
    expect(await platform.idTokenFor(PARTNER)).toBe(token);
    expect(metadata.asked).toEqual([PARTNER]);
    await platform.close();
    await Promise.all([firestore.close(), metadata.close()]);
  });
});
