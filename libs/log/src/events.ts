import { CLEANUP_SEVERITY, type CleanupEvents } from './cleanup-events.ts';
import type { FaultCause } from './fault-trail.ts';
import { FEDERATION_SEVERITY, type FederationEvents } from './federation-events.ts';
import type { ConfiguredId, RoutePattern, ServiceUrl, SettingName } from './field-types.ts';
import { LIFECYCLE_SEVERITY, type LifecycleEvents } from './lifecycle-events.ts';
import { PAUSE_SEVERITY, type PauseEvents } from './pause-events.ts';
import { TRUST_SEVERITY, type TrustEvents } from './trust-events.ts';
import type {
  CallerRefusal,
  CertificateProblem,
  FederationRefusal,
  HealthProblem,
  HousekeepingTask,
  JobName,
  LogOutput,
  PublishCode,
  SIGNING_KEY_ADVICE,
  ServiceName,
  SigningKeyProblem,
  StatsRefusal,
  TelemetrySignal,
  UnreadableReason,
} from './words.ts';

/** What tells the kinds of an event apart that outsiders can cause. There are few of them, whoever sends what. */
export interface EventKind {
  readonly code?: PublishCode;
  readonly reason?: CallerRefusal | StatsRefusal | UnreadableReason | FederationRefusal;
  readonly status?: number;
  readonly route?: RoutePattern;
  readonly class?: FaultCause['class'];
}

type None = Readonly<Record<string, never>>;

/** Why something unexpected happened: classes, codes and places in the source, never a message. */
interface Fault {
  readonly causes: readonly FaultCause[];
}

interface Served {
  /** The route that answered; none for a path that we do not serve. */
  readonly route?: RoutePattern;
  readonly status: number;
  readonly ms: number;
}

/**
 * Every event that may be logged, and its fields. A field is a number, a boolean, one of a few words, a configured id,
 * or another type that no client can fill; a test refuses plain strings. What is not a field here cannot be logged.
 */
export interface Events
  extends CleanupEvents, FederationEvents, LifecycleEvents, PauseEvents, TrustEvents {
  'service.started': { readonly url: ServiceUrl };
  'service.stopping': { readonly cause: 'SIGTERM' | 'SIGINT' | 'disconnect' };
  'service.stopped': None;
  /** The process ends: nothing may be trusted after an error that nobody caught. */
  'service.crashed': Fault;
  'service.not_started': Fault;
  'service.unhealthy': Fault & { readonly problems: readonly HealthProblem[] };
  'service.healthy': None;
  /** Lines of a log are being lost; everything else goes on. */
  'log.unwritable': Fault & { readonly log: ServiceName; readonly output: LogOutput };
  'log.writable': {
    readonly log: ServiceName;
    readonly output: LogOutput;
    /** How many lines are missing before this one. */
    readonly lost: number;
  };
  /** More of one kind happened within a minute than are logged one by one. */
  'log.events_summed': EventKind & {
    readonly event: EventName;
    /** How many have no line of their own. */
    readonly count: number;
  };
  'config.refused': { readonly settings: readonly SettingName[] };

  'request.fault': Fault & { readonly status: number };
  /** A request was answered as it should be, or a probe of health with whatever it found, and no other event says how it ended. */
  'request.served': Served;
  /** A request was answered with a status of 400 or more, and no other event says why. */
  'request.unserved': Served;
  /** Something was sent that is no request which any route could answer. */
  'request.unreadable': { readonly reason: UnreadableReason };
  'caller.refused': { readonly reason: CallerRefusal };
  /** No identity token can be checked: the keys of the issuer cannot be fetched. */
  'caller.unverifiable': Fault;

  'publish.accepted': {
    readonly app: ConfiguredId;
    readonly authority?: ConfiguredId;
    readonly inserted: number;
    readonly revised: number;
    readonly dropped: number;
    readonly warned: number;
    /** Where the keys belong, as configured. */
    readonly regions: readonly ConfiguredId[];
    /** What was wrong with the certificate that this application needs not have. */
    readonly certificate?: CertificateProblem;
  };
  'publish.refused': {
    readonly code: PublishCode;
    readonly status?: number;
    readonly app?: ConfiguredId;
    /** What was wrong with the certificate; the phone is not told. */
    readonly certificate?: CertificateProblem;
  };
  /** Keys were refused because an export that takes them was cut past their window: an operator must act. */
  'publish.window_covered': { readonly config: ConfiguredId };
  /** The client went away before its request was complete. */
  'publish.aborted': None;
  /** A request was turned away since too many are worked on. */
  'publish.overloaded': None;
  /** An application has published all keys that it may in a day: its uploads are refused until the next. */
  'publish.ceiling_reached': { readonly app: ConfiguredId; readonly keys: number };
  /** All but health is closed, since the service was started so. */
  'publish.in_maintenance': None;
  /** An upload is stored, and no revision token could be made for it. */
  'publish.no_token': Fault;
  /** So many requests were cover traffic since the last of these events; they are counted and have no lines. */
  'publish.covered': { readonly count: number };
  /** This instance could not tell the others how long its uploads take, or read what they have told. */
  'publish.times_not_shared': Fault;

  'stats.answered': { readonly authority: ConfiguredId; readonly days: number };
  'stats.refused': { readonly reason: StatsRefusal };
  /** Settings of the statistics are refused, so nobody gets any; uploads go on. */
  'stats.off': { readonly settings: readonly SettingName[] };
  /** The counts of whole days are not folded, so their statistics are not there. */
  'stats.behind': {
    /** Hours since the newest folded one; none when there is none. */
    readonly hours?: number;
  };

  'export.batches_created': {
    readonly config: ConfiguredId;
    readonly created: number;
    /** More batches are due than one run may create. */
    readonly behind: boolean;
  };
  'export.batch_finished': {
    readonly config: ConfiguredId;
    readonly batch: ConfiguredId;
    readonly keys: number;
    readonly padding: number;
    readonly files: number;
    readonly attempt: number;
    readonly ms: number;
  };
  'export.batch_failed': {
    readonly config: ConfiguredId;
    readonly batch: ConfiguredId;
    readonly reason: 'no_signer' | 'lease_lost' | 'deadline' | 'object_conflict' | 'fault';
    readonly causes?: readonly FaultCause[];
  };
  /** No signing key is in force, so no file is made: an operator must act. */
  'export.no_signer': { readonly config: ConfiguredId };
  /** A signing key that is in force, or will be, cannot sign: an operator must act before no other signs. */
  'export.key_unusable': {
    readonly key: ConfiguredId;
    /** Path of the key's file, or full name of the key version. */
    readonly place: ConfiguredId;
    readonly problem: SigningKeyProblem;
    readonly advice: (typeof SIGNING_KEY_ADVICE)[SigningKeyProblem];
  };
  /** A signing key that could not sign can sign now, or is not wanted any longer. */
  'export.key_usable': { readonly key: ConfiguredId };
  /** The newest files of an export are older than they should be: an operator must act. */
  'export.late': {
    readonly config: ConfiguredId;
    readonly because: 'not_cut' | 'no_signer' | 'not_made' | 'not_listed' | 'paused';
  };
  /** Too few generated keys could be revised with real ones: files tell more of who revised. */
  'export.revisions_alone': { readonly config: ConfiguredId };
  /** Archives that should be listed are not in their bucket: an operator must act. */
  'export.archive_missing': { readonly config: ConfiguredId; readonly files: number };
  /** A batch is open for longer than a period, and newer files wait for it: an operator must act. */
  'export.prefix_held': { readonly config: ConfiguredId; readonly batch: ConfiguredId };
  'export.index_written': { readonly config: ConfiguredId; readonly files: number };
  'export.config_failed': Fault & { readonly config: ConfiguredId };

  /** A file that should be served has a record or a content that makes no sense; whoever asks for it gets nothing. */
  'files.object_damaged': Fault & { readonly object: ConfiguredId };

  'job.finished': {
    readonly job: JobName;
    readonly done: number;
    readonly left: number;
    readonly ms: number;
  };
  'job.too_early': { readonly job: JobName };
  'job.failed': {
    readonly job: JobName;
    readonly done: number;
    readonly left: number;
    readonly problems: number;
    readonly causes?: readonly FaultCause[];
    readonly ms: number;
  };

  /** The store could not do a piece of its own work; it tries again and again. */
  'housekeeping.failed': {
    readonly task: HousekeepingTask;
    readonly collection?: ConfiguredId;
    /** The database's number for what went wrong; 0 when it has none. */
    readonly code: number;
  };
  'housekeeping.recovered': None;
  /** The array indexes of a store on one machine were made anew from the documents: after a restart of the machine, or a loss. */
  'store.index_made_anew': { readonly entries: number };

  /** Figures or traces could not be sent. Figures are sums, so the next sending makes up for them; traces are lost. */
  'telemetry.export_failed': Fault & { readonly signal: TelemetrySignal };
  /** How far the service has come could not be read: these figures say what they said before, so that the time since grows. */
  'telemetry.progress_unread': Fault;

  'launcher.child_ended': { readonly child: ServiceName; readonly status: number };
  'launcher.child_started': { readonly child: ServiceName; readonly attempt: number };
  'launcher.job_unanswered': { readonly job: JobName; readonly status: number };
  /** Which federation queries there are could not be read: none had its turn; asked again at the next. */
  'launcher.queries_unread': Fault;
  /** Old generations of objects stay on the disk; tried again in an hour. */
  'launcher.sweep_failed': Fault;
  /** The key of the issuer of job identities was gone, and another one was made: tokens last an hour, nothing else is lost. */
  'launcher.issuer_replaced': None;
}

/** The name of an event. */
export type EventName = keyof Events;

/** How much an event matters, in the words of Cloud Logging. */
export type Severity = 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'alert';

/** The severity of each event: it is a property of the event, not of the place that logs it. */
export const SEVERITY: Readonly<Record<EventName, Severity>> = {
  'service.started': 'info',
  'service.stopping': 'info',
  'service.stopped': 'info',
  'service.crashed': 'critical',
  'service.not_started': 'critical',
  'service.unhealthy': 'error',
  'service.healthy': 'info',
  'log.unwritable': 'error',
  'log.writable': 'warning',
  'log.events_summed': 'warning',
  'config.refused': 'critical',
  'request.fault': 'error',
  'request.served': 'debug',
  'request.unserved': 'info',
  'request.unreadable': 'info',
  'caller.refused': 'warning',
  'caller.unverifiable': 'error',
  'publish.accepted': 'info',
  'publish.refused': 'info',
  'publish.window_covered': 'alert',
  'publish.aborted': 'debug',
  'publish.overloaded': 'warning',
  'publish.ceiling_reached': 'error',
  'publish.in_maintenance': 'warning',
  'publish.no_token': 'error',
  'stats.answered': 'info',
  'stats.refused': 'info',
  'stats.off': 'error',
  'stats.behind': 'warning',
  'publish.covered': 'info',
  'publish.times_not_shared': 'warning',
  'export.batches_created': 'info',
  'export.batch_finished': 'info',
  'export.batch_failed': 'error',
  'export.no_signer': 'alert',
  'export.key_unusable': 'error',
  'export.key_usable': 'info',
  'export.prefix_held': 'alert',
  'export.late': 'alert',
  'export.revisions_alone': 'warning',
  'export.archive_missing': 'alert',
  'export.index_written': 'info',
  'export.config_failed': 'error',
  'files.object_damaged': 'error',
  ...CLEANUP_SEVERITY,
  ...FEDERATION_SEVERITY,
  ...LIFECYCLE_SEVERITY,
  ...PAUSE_SEVERITY,
  ...TRUST_SEVERITY,
  'job.finished': 'info',
  'job.too_early': 'info',
  'job.failed': 'error',
  'housekeeping.failed': 'error',
  'housekeeping.recovered': 'info',
  'store.index_made_anew': 'warning',
  'telemetry.export_failed': 'warning',
  'telemetry.progress_unread': 'warning',
  'launcher.child_ended': 'error',
  'launcher.child_started': 'info',
  'launcher.job_unanswered': 'warning',
  'launcher.queries_unread': 'warning',
  'launcher.sweep_failed': 'warning',
  'launcher.issuer_replaced': 'warning',
};
