import { type ExportConfig, readKeys } from '@keyserver/export-file';
import {
  DEFAULT_KEY_RULES,
  type ReportType,
  isCertifiedReportType,
} from '@keyserver/exposure-keys';
import { type ExportFixture, THIS_MACHINE, openExportFixture } from '@keyserver/export/testing';
import type { VerifyCertificate } from '@keyserver/health-authority';
import {
  type PublishDeps,
  noPauses,
  publishKeys,
  reserveFreely,
  someTokens,
} from '@keyserver/publish/testing';
import type { Random } from '@keyserver/random';
import { keyHasher, skippedCountsId, storeUploads } from '@keyserver/stores';
import { DAY, type UnixMillis, alwaysWindow, unixMillis } from '@keyserver/time';
import { APPS, type App, type PhoneUpload } from './population.ts';
import { SIMULATED_WINDOW } from './simulate-files.ts';
import { type SeenFile, type SeenKey, seenKeys } from './seen-file.ts';

/** A whole key server, publish and export, over one store and a clock that a simulation moves. */
export interface SimulatedServer {
  readonly fixture: ExportFixture;
  /** What phones ask for, and what the publish service answers, but for HTTP and signatures of certificates. */
  readonly publishDeps: PublishDeps;
  /** Publishes an upload now; whether anything of it was stored. */
  publish(upload: PhoneUpload): Promise<boolean>;
  /** All that a stranger finds in the index of an export: its batches from a time on, with their files joined. */
  readBatches(config: Place, from?: UnixMillis): Promise<readonly SeenBatch[]>;
}

/** Where the files of an export lie. */
type Place = Pick<ExportConfig, 'bucket' | 'filenameRoot'>;

/** The files of one batch as a stranger reads them. */
export interface SeenBatch extends SeenFile {
  /** Prefix of its object names, as in the index. */
  readonly name: string;
  readonly start: UnixMillis;
}

/** Starts a server at the noon where fixtures begin. It knows these apps, and those of the simulated population if there are none. */
export async function openSimulatedServer(
  random: Random,
  apps: readonly App[] = APPS,
): Promise<SimulatedServer> {
  const fixture = await openExportFixture({ ...THIS_MACHINE, keepsShapes: true });
  const { store, clock } = fixture;
  const settings = {
    ...{ clock, windows: () => alwaysWindow(SIMULATED_WINDOW), retention: 14 * DAY },
    ...{ maxKeyAge: DEFAULT_KEY_RULES.maxAge, hashKey: keyHasher(Buffer.alloc(32, 1)) },
    skippedCountsId: skippedCountsId(Buffer.alloc(32, 1)),
    partialRevisions: false,
  };
  const registered = registrationsOf(apps);
  const publishDeps: PublishDeps = {
    ...{ clock, rules: DEFAULT_KEY_RULES, defaultRegions: [], reserveKeys: reserveFreely },
    pauses: noPauses,
    findApp: async (id) => await Promise.resolve(registered.get(id)),
    verifyCertificate: believeCertificate(apps),
    storeUpload: storeUploads(store, settings, random),
    confirmTime: () => Promise.resolve(),
    tokens: someTokens(),
  };
  return {
    ...{ fixture, publishDeps },
    publish: async (upload) => {
      const outcome = await publishKeys(requestOf(upload), publishDeps);
      if (outcome.kind === 'refused' && outcome.code !== 'bad_request')
        throw new Error(`an upload was refused: ${outcome.code}`);
      return outcome.kind === 'published' && outcome.inserted > 0;
    },
    readBatches: async (config, from) => await readBatches(fixture, config, from),
  };
}

const registrationsOf = (apps: readonly App[]) =>
  new Map(
    apps.map(({ id, regions, authority }) => [
      id,
      {
        id,
        regions,
        authorities: [authority.id],
        bypassCertificate: false,
        bypassRevisionToken: false,
      },
    ]),
  );

/** A certificate of a simulation names its report type, and is believed. */
const believeCertificate =
  (apps: readonly App[]): VerifyCertificate =>
  async ({ certificate, app }) => {
    const authority = apps.find(({ id }) => id === app.id)?.authority;
    if (authority === undefined || !isCertifiedReportType(certificate))
      throw new Error('not an upload of the simulation');
    return await Promise.resolve({
      ...{ kind: 'verified', authority, reportType: certificate, onset: undefined },
    });
  };

/** The request that a phone makes of an upload. */
export const requestOf = ({
  app,
  reportType,
  keys,
  onset,
  traveler,
}: Pick<PhoneUpload, 'app' | 'keys' | 'onset' | 'traveler'> & {
  readonly reportType: ReportType;
}): Parameters<typeof publishKeys>[0] => ({
  ...{ appId: app.id, certificate: reportType, hmacKey: '', keys, onset, traveler },
  ...{ revisionToken: '', platform: 'unknown' },
});

async function readBatches(
  fixture: ExportFixture,
  { bucket, filenameRoot }: Place,
  from = unixMillis(0),
): Promise<readonly SeenBatch[]> {
  const batches = new Map<string, SeenKey[]>();
  for (const name of (await fixture.index(filenameRoot, bucket)) ?? []) {
    const batch = name.slice(0, name.lastIndexOf('-'));
    if (startOf(batch) < from) continue;
    const listed = await readKeys(await fixture.object(name, bucket));
    if (listed === undefined) throw new Error(`${name} cannot be read`);
    batches.set(batch, [...(batches.get(batch) ?? []), ...seenKeys(listed)]);
  }
  return [...batches].map(([name, keys]) => {
    const start = startOf(name);
    return { name, start, day: Math.floor(start / DAY), keys };
  });
}

const startOf = (batch: string): UnixMillis =>
  unixMillis(Number(/(\d+)-\d+$/.exec(batch)?.[1]) * 1000);
