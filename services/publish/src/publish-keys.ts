import { StoreFault } from '@keyserver/docstore';
import { Fault } from '@keyserver/fault';
import {
  type KeyRules,
  type OfferedKey,
  type ReportType,
  type StoreUpload,
  type Upload,
  type UploadOutcome,
  type UploadFault,
  type UploadStatistics,
  type VerifiedBy,
  acceptKeys,
} from '@keyserver/exposure-keys';
import {
  type AuthorizedApp,
  type CertificateOutcome,
  type CertificateRefusal,
  type FindApp,
  type VerifyCertificate,
  parseRegion,
} from '@keyserver/health-authority';
import { type Clock, type UnixMillis, secondsOf } from '@keyserver/time';
import type { ReserveKeys } from './daily-ceiling.ts';
import type { RevisionTokens } from './revision-tokens.ts';
import type { UploadPauses } from './upload-pauses.ts';

/** What a phone asks to have published. */
export interface PublishRequest {
  /** Names the application, in any letter case. */
  readonly appId: string;
  readonly certificate: string;
  readonly hmacKey: string;
  readonly keys: readonly OfferedKey[];
  /** Interval of symptom onset as the phone knows it; 0 when it does not. */
  readonly onset: number;
  /** Where the keys belong, as the phone names it; without any they belong where the application does. */
  readonly regions?: readonly string[];
  readonly traveler: boolean;
  readonly revisionToken: string;
  readonly platform: UploadStatistics['platform'];
}

/** Why an upload is refused. */
export type RefusalCode =
  | 'bad_request'
  | 'unknown_health_authority_id'
  | 'region_not_allowed'
  | 'health_authority_missing_region_config'
  | 'health_authority_verification_certificate_invalid'
  | 'paused'
  | UploadFault;

/** Keys that were refused are problems, keys that were merely left out are warnings. */
interface KeyFindings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

interface Publication extends KeyFindings {
  readonly kind: 'published';
  readonly app: AuthorizedApp;
  readonly authority: VerifiedBy | undefined;
  /** For the log: where the keys belong, without regions that only the phone has named. */
  readonly regions: readonly string[];
  /** For the log: why the certificate does not hold, of an application that needs none. */
  readonly certificate: CertificateRefusal | undefined;
  readonly inserted: number;
  readonly revised: number;
  /** Whether anything was written; if not, whether the store was asked: all keys may be left out before. */
  readonly effect: 'written' | 'unchanged' | 'left_out';
  /** Lets the phone change the report type of its keys later; undefined when there are none, or it could not be made. */
  readonly revisionToken: string | undefined;
}

interface Refusal extends KeyFindings {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** After how many seconds the upload may be sent again; only where it may. */
  readonly retryAfter?: number;
  /** The rest is for the log, where it helps to find out what went wrong; the phone is not told. */
  readonly app?: AuthorizedApp;
  readonly certificate?: CertificateRefusal;
}

/** How an upload ends. */
export type PublishOutcome = Publication | Refusal;

/** What publishing needs from the world. */
export interface PublishDeps {
  readonly clock: Clock;
  readonly findApp: FindApp;
  readonly verifyCertificate: VerifyCertificate;
  readonly storeUpload: StoreUpload;
  readonly tokens: RevisionTokens;
  readonly rules: KeyRules;
  readonly reserveKeys: ReserveKeys;
  /** Fails while the clock of this machine is not the store's, so that it refuses nobody for being too late or too early. */
  readonly confirmTime: () => Promise<void>;
  /** Where keys of an application without regions of its own belong. */
  readonly defaultRegions: readonly string[];
  readonly pauses: Pick<UploadPauses, 'keepWaiting'>;
}

/** The application could not be looked up; nothing is known about the upload. */
export class AppLookupFault extends Fault<'unavailable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options);
  }
}

interface Claims {
  readonly kind: 'verified';
  readonly authority: VerifiedBy | undefined;
  readonly reportType: ReportType;
  readonly onset: number | undefined;
  /** Why the certificate does not hold, of an application that needs none. */
  readonly certificate?: CertificateRefusal;
}

/** What is known of an upload whose application needs no certificate and which brought none that holds. */
const NO_CLAIMS: Claims = {
  kind: 'verified',
  authority: undefined,
  reportType: '',
  onset: undefined,
};

const INVALID_CERTIFICATE = 'health_authority_verification_certificate_invalid';

/** All keys of the upload were left out with a warning. */
const NOTHING_TO_STORE: UploadOutcome = { kind: 'stored', inserted: 0, revised: 0, revisable: [] };

/** Publishes the keys of one phone: every step may refuse the upload, and only the last one changes anything. */
export async function publishKeys(
  request: PublishRequest,
  deps: PublishDeps,
): Promise<PublishOutcome> {
  const now = deps.clock.now();
  const app = await loadApp(request.appId, deps);
  if (app === undefined) return refused('unknown_health_authority_id');
  const asked = request.regions ?? [];
  if (!asked.every(isOpenTo(app))) return refused('region_not_allowed', { app });
  const regions = [asked, app.regions, deps.defaultRegions].find(({ length }) => length > 0);
  if (regions === undefined) return refused('health_authority_missing_region_config', { app });
  const belongsTo = [...new Set(regions.map((region) => region.toUpperCase()))];
  if (await deps.pauses.keepWaiting({ app: app.id, regions: belongsTo }))
    return refused('paused', { app });
  const claims = await certifiedClaims(request, app, now, deps);
  if (claims.kind === 'refused') {
    await deps.confirmTime();
    return refused(INVALID_CERTIFICATE, { app, certificate: claims.reason });
  }
  const { reportType, authority, certificate } = claims;
  const onsetCandidates = [request.onset, claims.onset ?? 0]; // 0 lies too far back to be believed
  const context = { now, reportType, rules: deps.rules, onsetCandidates };
  const acceptance = acceptKeys(request.keys, context);
  const { problems, warnings } = acceptance;
  if (acceptance.kind === 'refused') {
    await deps.confirmTime();
    return refused('bad_request', { app, problems, warnings });
  }
  const { keys, statistics } = acceptance;
  const token = await deps.tokens.open(request.revisionToken);
  const upload: Upload = {
    keys,
    regions: belongsTo,
    traveler: request.traveler,
    app: app.id,
    authority,
    token,
    bypassToken: app.bypassRevisionToken,
    statistics: { ...statistics, platform: request.platform },
  };
  const stored = await storeWithinCeiling(upload, { app, certificate: request.certificate }, deps);
  if (stored.kind === 'refused') return refused(stored.code, { ...stored, app, warnings });
  const { inserted, revised } = stored;
  const revisionToken = await deps.tokens.renew(token, stored.revisable, now);
  const counts = { inserted, revised, effect: effectOf(stored, keys) };
  const configured = [...app.regions, ...deps.defaultRegions];
  const known = regions.filter((region) => configured.includes(region));
  const checked = { app, authority, regions: known, certificate };
  return { kind: 'published', ...checked, ...counts, revisionToken, problems, warnings };
}

function effectOf(
  { inserted, revised, onlyCounted }: Extract<UploadOutcome, { kind: 'stored' }>,
  keys: readonly unknown[],
): Publication['effect'] {
  if (inserted + revised > 0 || onlyCounted === true) return 'written';
  return keys.length > 0 ? 'unchanged' : 'left_out';
}

/**
 * Stores an upload if its application may publish so many keys today. Keys that were not published are free for others. Once none
 * is left, the store decides whether an upload publishes any: whoever repeats keys or takes them back is not kept from it.
 */
async function storeWithinCeiling(
  upload: Upload,
  { app, certificate }: { readonly app: AuthorizedApp; readonly certificate: string },
  { reserveKeys, storeUpload }: Pick<PublishDeps, 'reserveKeys' | 'storeUpload'>,
): Promise<UploadOutcome | Pick<Refusal, 'kind' | 'code' | 'retryAfter'>> {
  if (upload.keys.length === 0) return NOTHING_TO_STORE;
  const reservation = await reserveKeys(app, mostPublished(upload), certificate);
  if (reservation.kind === 'spent') {
    const stored = await storeUpload({ ...upload, ceilingReached: true });
    const isRefused = stored.kind === 'refused' && stored.code === 'ceiling_reached';
    return isRefused ? { ...stored, retryAfter: reservation.seconds } : stored;
  }
  let published = 0;
  try {
    const stored = await storeUpload(upload);
    if (stored.kind === 'stored') published = stored.inserted + stored.revised;
    return stored;
  } catch (fault) {
    if (mayBeStored(fault)) published = upload.keys.length;
    throw fault;
  } finally {
    reservation.settle(published);
  }
}

/** How many keys an upload may publish; a negative result takes them back. */
const mostPublished = ({ keys }: Upload): number =>
  keys.filter(({ reportType }) => reportType !== 'negative').length;

/** Whether keys may have been published in spite of a fault: the store may have gone away while it committed them. */
const mayBeStored = (fault: unknown): boolean =>
  fault instanceof StoreFault && fault.code === 'unavailable';

/** Whether an application may publish for a region; one without regions of its own may for all that there can be. */
const isOpenTo =
  ({ regions }: AuthorizedApp) =>
  (asked: string): boolean =>
    regions.length > 0 ? regions.includes(asked) : parseRegion(asked) !== undefined;

async function loadApp(
  id: string,
  { findApp }: Pick<PublishDeps, 'findApp'>,
): Promise<AuthorizedApp | undefined> {
  try {
    return await findApp(id.toLowerCase());
  } catch (cause) {
    throw new AppLookupFault('looking up the application failed', { cause });
  }
}

async function certifiedClaims(
  { certificate, hmacKey, keys }: PublishRequest,
  app: AuthorizedApp,
  now: UnixMillis,
  { verifyCertificate }: Pick<PublishDeps, 'verifyCertificate'>,
): Promise<Claims | (CertificateOutcome & { kind: 'refused' })> {
  const presented = { certificate, hmacKey, keys, app };
  const outcome = await verifyCertificate(presented, secondsOf(now));
  const needless = outcome.kind === 'refused' && app.bypassCertificate;
  return needless ? { ...NO_CLAIMS, certificate: outcome.reason } : outcome;
}

const refused = (code: RefusalCode, more: Partial<Refusal> = {}): Refusal => ({
  kind: 'refused',
  code,
  problems: [],
  warnings: [],
  ...more,
});
