import { freePorts } from '../../support/free-ports.ts';
import type { Ground, Service } from './ground.ts';
import { APPS, AUTHORITY, type Sending, bodyOf, newKey } from './phone.ts';

/** Rows about the figures of uploads, as Prometheus fetches them. */
export function describeFigures(on: () => Ground): void {
  let watched: Watched;

  beforeAll(async () => {
    watched = await watch(on());
  });

  describe('the figures of uploads', () => {
    describeCounts(on, () => watched);
    describeResults(on, () => watched);
  });
}

/** A service and its figures. */
interface Watched {
  readonly service: Service;
  readonly upload: (sending?: Sending, keys?: ReturnType<typeof newKey>[]) => Promise<void>;
  /** What was added to figures meanwhile: each with its labels, those of nothing else. */
  readonly gained: (act: () => Promise<unknown>) => Promise<Readonly<Record<string, number>>>;
}

async function watch(ground: Ground): Promise<Watched> {
  const [port = 0] = await freePorts(1);
  const settings = { TELEMETRY_EXPORTER: 'prometheus', METRICS_PORT: String(port) };
  const service = await ground.service({ ...settings, V1ALPHA1: 'true' });
  const read = async (): Promise<Readonly<Record<string, number>>> => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return figuresIn(await response.text());
  };
  return {
    service,
    upload: async (sending = {}, keys = [newKey()]) => {
      await service.send(JSON.stringify(bodyOf(keys, ground.clock.now(), sending)));
    },
    gained: async (act) => {
      const before = await read();
      await act();
      const added = Object.entries(await read())
        .map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
        .filter(([name, value]) => value !== 0 || !(name in before));
      return Object.fromEntries(added);
    },
  };
}

/** Figures about requests and uploads, by `name label=value …`. */
function figuresIn(page: string): Readonly<Record<string, number>> {
  const found = page.matchAll(/^keyserver_(\w+?)(?:\{(.*)\})? ([0-9.e+-]+)$/gmu);
  const all = Array.from(found, ([, name = '', labels = '', value]) => {
    const words = Array.from(labels.matchAll(/(\w+)="([^"]*)"/gu), ([, of, is]) => `${of}=${is}`);
    return [[name, ...words.toSorted()].join(' '), Number(value)] as const;
  });
  const other = /^(events_total|request_seconds_(bucket|sum)|health_problems)/u;
  return Object.fromEntries(all.filter(([name]) => !other.test(name)));
}

const request = (result: string, blame = 'client', route = '/v1/publish'): string =>
  `request_seconds_count blame=${blame} result=${result} route=${route}`;
const refusedCertificate = (why: string, app: string): string =>
  `certificates_refused_total app=${app} certificate=${why}`;
const HOME = APPS.home.id;

function describeCounts(on: () => Ground, watched: () => Watched): void {
  it('count keys that were stored, revised and left out, zeros too, and the upload once for each region', async () => {
    const { upload, gained } = watched();
    const keys = [newKey(), newKey(), newKey({ rollingPeriod: 145 })];
    const wide = APPS.manyRegions;
    const figures = await gained(async () => {
      await upload({ app: wide }, keys);
    });
    expect(figures).toEqual({
      [request('ok', 'none')]: 1,
      'exposures_total exposure=inserted': 2,
      'exposures_total exposure=revised': 0,
      'exposures_total exposure=dropped': 1,
      ...Object.fromEntries(
        wide.regions.map((region) => [`publish_requests_total app=${wide.id} region=${region}`, 1]),
      ),
    });
  });

  it('count a certificate that did not hold where none is needed', async () => {
    const { upload, gained } = watched();
    const app = APPS.withoutCertificate;
    const body = { verificationPayload: 'x' };
    const figures = await gained(async () => {
      await upload({ app, body });
    });
    expect(figures).toMatchObject({
      [request('ok', 'none')]: 1,
      [`verification_bypassed_total app=${app.id}`]: 1,
      [refusedCertificate('malformed', app.id)]: 1,
    });
  });

  it.each<[string, Sending, string]>([
    ['whose issue lies in the future', { claims: { iat: 3_000_000_000 } }, 'not_yet_valid'],
    ['that begins in the future', { claims: { nbf: 3_000_000_000 } }, 'not_yet_valid'],
    ['for which no key is valid', { header: { kid: 'v9' } }, 'no_active_key'],
  ])('count a certificate %s', async (_, sending, why) => {
    const { upload, gained } = watched();
    expect(
      await gained(async () => {
        await upload(sending);
      }),
    ).toEqual({
      [request('health_authority_verification_certificate_invalid')]: 1,
      [refusedCertificate(why, HOME)]: 1,
    });
  });

  it('count nothing of cover traffic', async () => {
    const { service, gained } = watched();
    const headers = { 'x-chaff': '1', 'content-type': 'application/json' };
    const body = JSON.stringify(bodyOf([newKey()], on().clock.now()));
    expect(await gained(async () => await service.send(body, { headers }))).toEqual({});
  });

  it('count statistics under their own route alone', async () => {
    const { service, gained } = watched();
    const figures = await gained(async () => await service.send('{}', {}, '/v1/stats'));
    expect(Object.keys(figures)).toEqual([request('refused', 'client', '/v1/stats')]);
  });

  it('name no application and no authority that is not configured', async () => {
    const { upload, gained } = watched();
    const body = { healthAuthorityID: 'strange.example' };
    expect(
      await gained(async () => {
        await upload({ body });
      }),
    ).toEqual({
      [request('unknown_health_authority_id')]: 1,
    });
    const claims = { iss: `${AUTHORITY.issuer}.strange` };
    expect(
      JSON.stringify(
        await gained(async () => {
          await upload({ claims });
        }),
      ),
    ).not.toContain('strange');
  });
}

function describeResults(on: () => Ground, watched: () => Watched): void {
  const bad =
    (text: string, init: RequestInit = {}, path?: string) =>
    async (): Promise<void> => {
      await watched().service.send(text, init, path);
    };
  const upload = (sending: Sending, keys?: () => ReturnType<typeof newKey>[]) => async () => {
    await watched().upload(sending, keys?.());
  };
  const alpha = (): Promise<void> => {
    const { hmacKey, ...shared } = bodyOf([newKey()], on().clock.now()) as Record<string, unknown>;
    delete shared['healthAuthorityID'];
    const body = { ...shared, hmackey: hmacKey, appPackageName: HOME, regions: ['zz'] };
    return bad(JSON.stringify(body), {}, '/')();
  };
  const { withoutRegions: app } = APPS;

  it.each<[string, () => Promise<void>, string]>([
    ['no JSON', bad('{'), request('bad_request')],
    ['another method', bad('{}', { method: 'PUT' }), request('bad_request')],
    ['a body that is too long', bad(' '.repeat(64_001)), request('bad_request')],
    [
      'keys that are none',
      upload({}, () => [newKey({ rollingPeriod: 0 })]),
      request('bad_request'),
    ],
    ['no region', upload({ app }), request('health_authority_missing_region_config', 'server')],
    ['a region of another app', alpha, request('region_not_allowed', 'client', '/')],
  ])('tell of %s who is to blame, and why', async (_, act, series) => {
    expect(await watched().gained(act)).toEqual({ [series]: 1 });
  });

  it.each<[string, string[], Sending, string]>([
    ['a token that is missing', ['likely'], {}, 'missing_revision_token'],
    ['a token that is none', ['likely'], { token: 'CgE3' }, 'invalid_revision_token'],
    [
      'a report type that may not follow',
      ['confirmed'],
      { reportType: 'likely' },
      'invalid_report_type_transition',
    ],
    [
      'a key that was revised before',
      ['user-report', 'confirmed'],
      { reportType: 'negative' },
      'key_already_revised',
    ],
  ])('tell of %s', async (_, earlier, sending, code) => {
    const { service, upload: again, gained } = watched();
    const key = newKey();
    const needsToken = sending.reportType !== undefined;
    let answer: Awaited<ReturnType<Service['send']>> | undefined;
    for (const reportType of earlier) {
      const token = answer === undefined ? {} : { token: answer };
      const body = bodyOf([key], on().clock.now(), { reportType, ...token });
      answer = await service.send(JSON.stringify(body));
      expect(answer.status).toBe(200);
    }
    const given = needsToken && answer !== undefined ? { token: answer } : {};
    const figures = await gained(async () => {
      await again({ ...given, ...sending }, [key]);
    });
    expect(figures).toEqual({ [request(code)]: 1 });
  });
}
