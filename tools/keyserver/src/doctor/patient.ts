import type { Environment } from '@keyserver/config';
import type { Addresses, OpenPatient, Patient, PatientJobs } from '@keyserver/doctor';
import { type JobService, SCHEDULED_JOBS } from '@keyserver/scheduled-jobs';
import { readStoreFormat } from '@keyserver/stores';
import { CommandFault } from '../command-fault.ts';
import { isServerDirectory } from '../open-store.ts';
import type { CommandContext } from '../terminal.ts';
import { networkOver } from './network.ts';
import { type DoctorSettings, doctorSettings } from './settings.ts';
import {
  type OpenedPatient,
  certificateFiles,
  localJwksUrl,
  machineOf,
  openCloudJobs,
  openCloudPatient,
  openLocalPatient,
  remembered,
} from './wiring.ts';

/** What the command line says of the server. */
export interface DoctorPlace {
  readonly platform: 'local' | 'gcp';
  readonly dataDir: string;
  readonly project: string;
  readonly database: string | undefined;
  readonly location: string | undefined;
  readonly prefix: string;
  readonly endpoint: string | undefined;
  readonly storageEndpoint: string | undefined;
  readonly kmsEndpoint: string | undefined;
  readonly schedulerEndpoint: string | undefined;
  readonly serviceUrls: ReadonlyMap<string, string>;
  readonly filesUrl: string | undefined;
  readonly checksADay: number;
}

/** Puts together what checks ask of a server; whoever does it closes it. Nothing is opened for good before a check asks. */
export async function patientAt(
  place: DoctorPlace,
  context: CommandContext,
): Promise<{ readonly patient: Patient; readonly close: () => Promise<void> }> {
  const { clock, timers, random, environment = {} } = context;
  let tokenKey = '';
  const opened = remembered(async (): Promise<OpenedPatient & Pick<Patient, 'grants'>> =>
    place.platform === 'local'
      ? { ...(await openLocal(place.dataDir, context)), grants: undefined }
      : await openCloudPatient({ ...place, tokenKey: () => tokenKey }, context),
  );
  const settings = await settingsOf(place, environment, opened.get);
  ({ tokenKey } = settings);
  const jobs = jobsOf(place, context);
  const patient: Patient = {
    ...{ platform: place.platform, clock, timers, random, settings },
    open: opened.get,
    network: networkOver(timers),
    addresses: addressesOf(place, settings),
    certificateFiles: async () => await certificateFiles(settings.certificateFile),
    machine: place.platform === 'local' ? machineOf(place.dataDir) : undefined,
    jobs: jobs?.jobs,
    grants: place.platform === 'local' ? undefined : grantsLater(opened.get),
  };
  const close = async (): Promise<void> => {
    await Promise.all([opened.close(), jobs?.close()]);
  };
  return { patient, close };
}

/** Nothing is made where no server is: the directory may have been named by mistake. */
async function openLocal(dataDir: string, context: CommandContext): Promise<OpenedPatient> {
  if (!isServerDirectory(dataDir))
    throw new CommandFault(`${dataDir} is not the data directory of a server`);
  return await openLocalPatient(dataDir, context);
}

type OpenLater = () => Promise<OpenedPatient & Pick<Patient, 'grants'>>;

const grantsLater = (open: OpenLater): NonNullable<Patient['grants']> => ({
  ofBucket: async (bucket) => (await (await open()).grants?.ofBucket(bucket)) ?? [],
  ofKey: async (key) => (await (await open()).grants?.ofKey(key)) ?? [],
});

/** Why a server cannot be opened is said by a check of its own. */
const toldByACheck = (): undefined => undefined;

/** The profile decides what the launcher tells its services, and the store knows it. */
async function settingsOf(
  { platform, checksADay }: DoctorPlace,
  environment: Environment,
  open: () => Promise<OpenPatient>,
): Promise<DoctorSettings> {
  const storeProfile = await open()
    .then(async ({ store }) => (await readStoreFormat(store))?.profile)
    .catch(toldByACheck);
  return await doctorSettings(environment, { platform, storeProfile, checksADay });
}

const LOOPBACK = 'http://127.0.0.1';

/** The services of one machine that answer over HTTP, by the port that the launcher gives them. */
const LOCAL_SERVICES = {
  publish: 'PUBLISH_PORT',
  export: 'EXPORT_PORT',
  cleanup: 'CLEANUP_PORT',
  trust: 'TRUST_PORT',
  'federation-serve': 'FEDERATION_SERVE_PORT',
  'federation-pull': 'FEDERATION_PULL_PORT',
  files: 'CDN_PORT',
} as const;

function addressesOf(place: DoctorPlace, settings: DoctorSettings): Addresses {
  const { serviceUrls, platform } = place;
  const { ports, jobKeys, partnerKeys } = settings;
  const usual = Object.entries(LOCAL_SERVICES).map(
    ([name, port]) => [name, `${LOOPBACK}:${ports[port]}`] as const,
  );
  const jwks = localJwksUrl(ports.ISSUER_PORT);
  const local = {
    services: new Map<string, string>([...usual, ...serviceUrls]),
    expected: [],
    files: filesAt(place.filesUrl ?? `${LOOPBACK}:${ports.CDN_PORT}/{bucket}`),
    jobKeys: jobKeys ?? jwks,
    partnerKeys: partnerKeys.length === 0 ? [jwks] : partnerKeys,
  };
  if (platform === 'local') return local;
  return {
    // Jobs come from within the project, and nobody else reaches the services that they are for.
    services: new Map([...serviceUrls].filter(([name]) => !Object.hasOwn(SCHEDULED_JOBS, name))),
    expected: ['publish'],
    files: place.filesUrl === undefined ? undefined : filesAt(place.filesUrl),
    jobKeys,
    partnerKeys,
  };
}

const filesAt =
  (url: string): ((bucket: string) => string) =>
  (bucket) =>
    url.replace('{bucket}', bucket).replace(/\/$/, '');

function jobsOf(
  place: DoctorPlace,
  context: CommandContext,
): { readonly jobs: PatientJobs; readonly close: () => Promise<void> } | undefined {
  const { platform, location, project, prefix, schedulerEndpoint, serviceUrls } = place;
  if (platform === 'local' || location === undefined) return undefined;
  const urls = new Map(
    [...serviceUrls].flatMap(([name, url]) => (isJobService(name) ? [[name, url] as const] : [])),
  );
  const named = [...urls].map(([name, url]) => ` --service-url ${name}=${url}`).join('');
  const command = `npx keyserver jobs check --project=${project} --location=${location}${named}`;
  return openCloudJobs({ project, location, schedulerEndpoint, prefix, urls, command }, context);
}

const isJobService = (name: string): name is JobService => Object.hasOwn(SCHEDULED_JOBS, name);
