import { X509Certificate } from 'node:crypto';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import {
  type Check,
  type Finding,
  counted,
  couldNotTell,
  failure,
  notApplicable,
  ok,
  sentenceOf,
  warning,
  worstOf,
} from '../check.ts';
import type { Patient } from '../patient.ts';
import { GIVE_URL } from './machine.ts';
import { examined } from './configuration.ts';

const MOST_BYTES = 1_048_576;

const healthy: Check = {
  id: 'services_healthy',
  about: 'Every service answers that it is well.',
  why: 'A service says of itself what nobody else can see.',
  mend: 'The words that it answers with are explained in docs/api/health.md; start it when it does not answer.',
  run: async ({ addresses: { services, expected }, network }) => {
    const unknown = expected.filter((name) => !services.has(name));
    const findings = await Promise.all(
      [...services].map(async ([name, url]): Promise<Finding> => {
        try {
          const answer = await network.fetch(new URL('/health', url).href, MOST_BYTES);
          return answer.status === 200
            ? ok(name)
            : failure(`${name} answers ${answer.status}: ${problemsIn(answer.body)}.`);
        } catch (error) {
          return failure(`${name}: ${sentenceOf(error)}`);
        }
      }),
    );
    const untold = unknown.map((name) =>
      couldNotTell(`The address of ${name} is not known.`, GIVE_URL),
    );
    return worstOf([...findings, ...untold], ok(`${counted(services.size, 'service')} well.`));
  },
};

/** The problems that an answer of health names: words of ours, or none when somebody else has answered. */
function problemsIn(body: Uint8Array): string {
  const words = Buffer.from(body)
    .toString('latin1')
    .match(/"[a-z_]{2,40}"/g);
  return words === null ? 'without a reason' : words.join(', ').replaceAll('"', '');
}

/** Fetches public keys and looks whether there are any. */
async function lookAtKeys({ network }: Patient, url: string): Promise<Finding> {
  try {
    const answer = await network.fetch(url, MOST_BYTES);
    if (answer.status !== 200) return failure(`${url} answers ${answer.status}.`);
    const count = keysIn(answer.body);
    if (count === undefined) return failure(`${url} is no set of keys.`);
    return count === 0 ? failure(`${url} has no key.`) : ok(`${url} has ${counted(count, 'key')}.`);
  } catch (error) {
    return failure(sentenceOf(error));
  }
}

/** How many keys a set has, as RFC 7517 has it or as a bare array, which older verification servers send. */
function keysIn(body: Uint8Array): number | undefined {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
  const keys: unknown =
    typeof document === 'object' && document !== null && !Array.isArray(document)
      ? Reflect.get(document, 'keys')
      : document;
  return Array.isArray(keys) ? keys.length : undefined;
}

const jwksOfJobs: Check = {
  id: 'jwks_of_jobs',
  about: 'The public keys of whoever vouches for jobs can be fetched.',
  why: 'Without them no service believes the scheduler, and no job runs.',
  mend: 'Look at OIDC_JWKS_URL; on one machine the launcher serves it while it runs.',
  run: async (patient) => {
    const { jobKeys } = patient.addresses;
    return jobKeys === undefined
      ? couldNotTell('It is not known who vouches for jobs.', 'Set OIDC_JWKS_URL.')
      : await lookAtKeys(patient, jobKeys);
  },
};

const jwksOfPartners: Check = {
  id: 'jwks_of_partners',
  about: 'The public keys of those who vouch for partners can be fetched.',
  why: 'Without them every partner is refused.',
  mend: 'Look at FEDERATION_ISSUERS.',
  run: async (patient) => {
    const { configuration } = await examined(patient);
    if (configuration.partners.length === 0) return notApplicable('There is no partner.');
    const { partnerKeys } = patient.addresses;
    const found = await Promise.all(partnerKeys.map(async (url) => await lookAtKeys(patient, url)));
    if (found.length === 0)
      return couldNotTell('It is not known who vouches for partners.', 'Set FEDERATION_ISSUERS.');
    return worstOf(found, ok(`${counted(found.length, 'set')} of keys can be fetched.`));
  },
};

const jwksOfAuthorities: Check = {
  id: 'jwks_of_authorities',
  about: 'The public keys of authorities can be fetched where an authority publishes them.',
  why: 'A key that an authority has exchanged would be refused, with every certificate that it signs.',
  mend: 'Ask the authority, or correct the address in the configuration.',
  run: async (patient) => {
    const { configuration } = await examined(patient);
    const urls = configuration.authorities.flatMap((authority) => {
      const url: unknown = Reflect.get(authority, 'jwks');
      return typeof url === 'string' ? [url] : [];
    });
    if (urls.length === 0) return notApplicable('No authority has an address of keys here.');
    const found = await Promise.all(urls.map(async (url) => await lookAtKeys(patient, url)));
    return worstOf(found, ok(`${counted(found.length, 'set')} of keys can be fetched.`));
  },
};

/** Certificates are renewed a month before their end; one that has less left than this was forgotten. */
const SOON = 21 * DAY;
/** There is hardly time left to mend it. */
const VERY_SOON = 3 * DAY;

function judgeUntil(whose: string, until: UnixMillis, now: UnixMillis): Finding {
  const days = Math.floor((until - now) / DAY);
  if (until <= now) return failure(`The certificate of ${whose} has expired.`);
  if (until - now < VERY_SOON)
    return failure(`The certificate of ${whose} expires in ${counted(days, 'day')}.`);
  return until - now < SOON
    ? warning(`The certificate of ${whose} expires in ${counted(days, 'day')}.`)
    : ok(whose);
}

const certificates: Check = {
  id: 'certificates',
  about: 'Certificates of all addresses and files of this server are believed and do not end soon.',
  why: 'Phones and partners turn away from a server whose certificate has expired.',
  mend: 'Renew the certificate, and find out why it was not renewed by itself.',
  run: async (patient) => {
    const { addresses, network, clock } = patient;
    const now = clock.now();
    const files = addresses.files?.('bucket');
    const all = [...addresses.services.values(), ...(files === undefined ? [] : [files])];
    const hosts = new Set(
      all.filter((url) => url.startsWith('https:')).map((url) => new URL(url).host),
    );
    const served = await Promise.all(
      [...hosts].map(async (host): Promise<Finding> => {
        const { hostname, port } = new URL(`https://${host}`);
        try {
          const found = await network.certificateOf(hostname, port === '' ? 443 : Number(port));
          const judged = judgeUntil(host, found.until, now);
          return judged.status === 'ok' && found.disbelieved !== undefined
            ? failure(`The certificate of ${host} is not believed: ${found.disbelieved}.`)
            : judged;
        } catch (error) {
          return couldNotTell(`${host}: ${sentenceOf(error)}`);
        }
      }),
    );
    const kept = [...(await patient.certificateFiles())].map(([path, pem]) =>
      judgeFile(path, pem, now),
    );
    if (served.length + kept.length === 0)
      return notApplicable('Nothing here has a certificate; a proxy in front may.');
    return worstOf(
      [...served, ...kept],
      ok(`${counted(served.length + kept.length, 'certificate')} good for three weeks and more.`),
    );
  },
};

function judgeFile(path: string, pem: string, now: UnixMillis): Finding {
  try {
    return judgeUntil(path, unixMillis(Date.parse(new X509Certificate(pem).validTo)), now);
  } catch {
    return failure(`${path} is no certificate in PEM.`);
  }
}

/** What is reached over the network. */
export const networkChecks: readonly Check[] = [
  healthy,
  jwksOfJobs,
  jwksOfPartners,
  jwksOfAuthorities,
  certificates,
];
