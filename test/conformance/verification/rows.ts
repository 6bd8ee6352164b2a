import { type Ground, type PlatformName, openGround } from '../publish/ground.ts';
import { configureSuite } from '../publish/phone.ts';
import { describeCertificates } from './certificates.ts';
import { describeMacs } from './macs.ts';
import { describeChecks } from './checks.ts';
import { describePublishedCertificate, BEFORE } from './published.ts';
import { describeStatsTokens } from './stats-tokens.ts';

/** What a certificate must be, row by row, on a platform. The clock only goes forward. */
export function describeVerification(platform: PlatformName): void {
  let ground: Ground;
  const on = (): Ground => ground;

  beforeAll(async () => {
    ground = await openGround(platform, BEFORE);
    await configureSuite(ground);
  });
  afterAll(async () => {
    await ground.close();
  });

  describePublishedCertificate(on);
  describeCertificates(on);
  describeChecks(on);
  describeMacs(on);
  describeStatsTokens(on);
}
