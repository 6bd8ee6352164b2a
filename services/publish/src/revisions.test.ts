import type { CertifiedReportType } from '@keyserver/exposure-keys';
import { HOUR, secondsOf } from '@keyserver/time';
import { expectRefusal } from './testing/answers.ts';
import {
  aPublishServer,
  closePublishServers,
  closePublishStore,
} from './testing/publish-server.ts';
import { aKey, anUpload, certificateFor } from './testing/uploads.ts';

afterEach(closePublishServers);
afterAll(closePublishStore);

describe('keys that are sent again', () => {
  it('takes a body as phones write it, and refuses the same keys without a token', async () => {
    const server = await aPublishServer();
    const sent = `{"temporaryExposureKeys":[{"key":"AAECAwQFBgcICQoLDA0ODw==","rollingStartNumber":2700000,"rollingPeriod":144}],
 "healthAuthorityID":"gov.example.test","verificationPayload":"x","hmacKey":"x",
 "symptomOnsetInterval":2699712,"traveler":false,"revisionToken":"","padding":"cGFk"}`;
    const first = await server.send(sent);
    expect(first).toMatchObject({ status: 200, body: { insertedExposures: 1 } });
    server.clock.advance(HOUR);
    expectRefusal(await server.send(sent), 400, 'missing_revision_token');
    expect(await server.stored()).toHaveLength(1);
  });

  it('refuses stored keys with a token that it cannot read', async () => {
    const server = await aPublishServer();
    const first = certificateFor([aKey(1)], { issuedAt: secondsOf(server.clock.now()) });
    await server.post(anUpload([aKey(1)], { certificate: first }));
    server.clock.advance(HOUR);
    const keys = [aKey(1), aKey(2)];
    const certificate = certificateFor(keys, { issuedAt: secondsOf(server.clock.now()) });
    const again = anUpload(keys, { certificate, revisionToken: 'dG9rZW4=' });
    expectRefusal(await server.post(again), 400, 'invalid_revision_token');
    expect(await server.stored()).toHaveLength(1);
  });

  it('gives a token that lets the phone revise its keys, once, and carries earlier keys on', async () => {
    const server = await aPublishServer();
    const send = async (
      numbers: readonly number[],
      reportType: CertifiedReportType,
      revisionToken: string,
    ) => {
      const keys = numbers.map((n) => aKey(n));
      const certificate = certificateFor(keys, {
        reportType,
        issuedAt: secondsOf(server.clock.now()),
      });
      return await server.post(anUpload(keys, { certificate, revisionToken }));
    };
    const first = await send([1, 2], 'likely', '');
    const token = first.body['revisionToken'] as string;
    server.clock.advance(HOUR);
    const second = await send([3], 'likely', token);
    expect(second.body).toMatchObject({ insertedExposures: 1 });
    const longer = second.body['revisionToken'] as string;
    expectRefusal(await send([3], 'confirmed', token), 400, 'invalid_revision_token');
    const revised = await send([1, 2, 3], 'confirmed', longer);
    expect(revised).toMatchObject({ status: 200 });
    expect(Object.keys(revised.body)).toEqual(['revisionToken', 'padding']);
    expect(await server.stored()).toHaveLength(6);
    expect(await send([1], 'confirmed', longer)).toMatchObject({ status: 200 });
    expectRefusal(await send([1], 'negative', longer), 400, 'key_already_revised');
    expect(await server.stored()).toHaveLength(6);
  });
});
