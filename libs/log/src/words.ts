/** The services and the launcher that runs them on one machine. */
export type ServiceName =
  | 'publish'
  | 'export'
  | 'federation-serve'
  | 'federation-pull'
  | 'cleanup'
  | 'trust'
  | 'admin'
  | 'import'
  | 'cdn'
  | 'launcher';

/** The scheduled jobs, by the name that they have in every log line and alert. */
export type JobName =
  | 'create-batches'
  | 'do-work'
  | 'cleanup-keys'
  | 'cleanup-exports'
  | 'cleanup-totals'
  | 'rotate-keys'
  | 'refresh-authority-keys'
  | 'federation-pull'
  | 'import-schedule'
  | 'import'
  | 'mirror';

/** What a pause is about. */
export type PauseKind = 'region' | 'app' | 'query' | 'partner';

/** The published codes of a refused upload, and what is refused without a code. */
export type PublishCode =
  | 'region_not_allowed'
  | 'ceiling_reached'
  | 'paused'
  | 'bad_request'
  | 'internal_error'
  | 'unknown_health_authority_id'
  | 'unable_to_load_health_authority'
  | 'health_authority_missing_region_config'
  | 'health_authority_verification_certificate_invalid'
  | 'missing_revision_token'
  | 'invalid_revision_token'
  | 'key_already_revised'
  | 'invalid_report_type_transition'
  | 'partial_failure';

/** How a request ended, in a word: the code of a refused upload, or one of these. */
export type RequestResult =
  | PublishCode
  | 'ok'
  | 'aborted' // the client went away before its request or our answer was complete
  | 'overloaded' // turned away since too many were worked on
  | 'fault' // something unexpected happened here
  | 'caller_refused'
  | 'caller_unverifiable'
  | 'not_found' // no route of ours
  | 'refused' // any other answer that says the client is wrong
  | 'failed'; // any other answer that says we are

/** Why a partner's call was not answered, though we know the partner. */
export type FederationRefusal =
  | 'malformed' // no message of the protocol
  | 'regions' // too many regions, or one that is too long
  | 'overlap' // a region that is wanted and refused
  | 'state' // not a state of this server's, or its seal is lost
  | 'future' // a state of a later time than it is here
  | 'echo_token' // a unit larger than a page, and the token that says where in it was left out
  | 'rate' // more calls in a minute than the partner may make
  | 'busy' // as many calls are answered as this instance takes
  | 'paused' // an operator has paused the partner
  | 'not_read'; // a unit could not be read in the time of the call

/** What telemetry is sent in: figures, or what single requests took. */
export type TelemetrySignal = 'metrics' | 'traces';

/** The first check that a diagnosis certificate failed. */
export type CertificateProblem =
  | 'malformed'
  | 'unusable_algorithm'
  | 'unsupported_algorithm'
  | 'critical_extension'
  | 'missing_key_id'
  | 'unknown_issuer'
  | 'wrong_audience'
  | 'no_active_key'
  | 'expired'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'issuer_not_authorized'
  | 'invalid_report_type'
  | 'undecodable_mac'
  | 'undecodable_hmac_key'
  | 'mac_mismatch';

/** Why a caller's identity token was not enough. */
export type CallerRefusal =
  | 'missing' // no Authorization header
  | 'several' // more than one
  | 'malformed' // not a bearer token in compact form
  | 'issuer' // from nobody we know
  | 'signature' // not signed with the pinned algorithm by a key of its issuer
  | 'signature_removed' // Cloud Run has checked the caller itself and kept the signature back
  | 'audience' // meant for somebody else
  | 'time' // expired, not yet valid, or without a time
  | 'lifetime' // valid for too long
  | 'email' // without a verified e-mail address
  | 'not_granted'; // valid, but its holder may not call

/** Why statistics were not given to whoever asked. */
export type StatsRefusal =
  | 'bad_request' // no POST, or a body that is none
  | 'missing' // no Authorization header
  | 'several' // more than one
  | 'not_bearer' // one that does not begin with "Bearer "
  | 'malformed' // the first check that the token failed, from here on
  | 'unusable_algorithm'
  | 'unsupported_algorithm'
  | 'critical_extension'
  | 'missing_key_id'
  | 'invalid_key_id'
  | 'unknown_issuer'
  | 'stats_disabled'
  | 'no_active_key'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'expired'
  | 'wrong_audience'
  | 'off'; // a setting of the statistics is refused

/** Why what a client sent is no request. */
export type UnreadableReason =
  | 'malformed' // no HTTP/1.1
  | 'no_host' // no Host header
  | 'too_slow' // not all there in time
  | 'chunk_extensions' // too many of them in one chunk
  | 'expectation' // an Expect other than 100-continue
  | 'headers_too_large'
  | 'too_many'; // beyond the requests of one connection

/** Why a run of a federation query could not go on. */
export type PullProblem =
  | 'unreachable'
  | 'slow'
  | 'no_token'
  | 'not_authorized'
  | 'limited'
  | 'partner_failed'
  | 'state_refused'
  | 'repeats'
  | 'hour_full'
  | 'unreadable'
  | 'clock'
  | 'window_covered'
  | 'position_lost';

/** Why the keys of a health authority could not be learned. */
export type KeySetProblem =
  | 'address' // none that may be asked
  | 'unreachable'
  | 'slow'
  | 'redirect'
  | 'status'
  | 'too_large'
  | 'not_json'
  | 'not_a_key_set'
  | 'empty'
  | 'too_many'
  | 'private_key'
  | 'malformed_key'
  | 'kid_twice'
  | 'no_usable_key';

/** The field of a partner's key that something was wrong with, as the protocol names it. */
export type RejectField =
  | 'exposureKey'
  | 'transmissionRisk'
  | 'intervalNumber'
  | 'intervalCount'
  | 'reportType'
  | 'daysSinceOnsetOfSymptoms'
  | 'traveler'
  | 'regions'
  | 'verificationAuthorityName';

/** What was wrong with a field of a partner's key. */
export type RejectReason =
  | 'bounds'
  | 'too_old'
  | 'not_accepted'
  | 'revoked'
  | 'missing'
  | 'malformed'
  | 'too_many'
  | 'not_asked'
  | 'differs'
  | 'no_primary'
  | 'other_source'
  | 'transition'
  | 'left_out';

/** What lines of a log are written to: a service's own output, a file of the launcher, or the launcher's screen. */
export type LogOutput = 'stdout' | 'file' | 'screen';

/** What a store does for itself: keep watch over the clock, delete what has expired. */
export type HousekeepingTask = 'time' | 'sweep';

/** What can be wrong with a service while it runs, as `GET /health` and the event `service.unhealthy` name it. */
export const HEALTH_PROBLEMS = [
  'store_unavailable', // the store is away, or did not answer in time
  'store_damaged', // the store answers, but something that the service needs cannot be read or written
  'store_mismatch', // the data was written with another format, profile or secret
  'part_missing', // the database, the keys or the buckets do not belong together, or one is gone
  'disk_full',
  'clock', // this machine's clock cannot be believed
  'log_unwritable',
  'housekeeping_failed', // expired documents or old generations stay behind
  'bucket_unavailable',
  'signing_key_unusable',
  'data_key', // there is none that revision tokens can be sealed with, or one cannot be unwrapped
  'authority_keys_stale', // the keys of a health authority could not be learned for longer than they should be
  'window_covered', // uploads are refused: exports are cut past windows that are still open
  'archive_missing', // files of an export are recorded, and their archives are gone
  'keys_held', // keys have expired, and exports or partners have still to take them
  'deletion_waits', // no cleanup job was certain of the time for long, so that nothing is deleted
  'still_listed', // files past retention cannot go, since their index names them
  'objects_unknown', // a bucket holds objects that no record knows
  'records_missing', // a bucket holds archives of which the store has lost the records
  'export_late', // the newest export is older than it should be
  'units_late', // a partner is given nothing newer than it should be
  'federation_stopped', // a query cannot go on without an operator
  'federation_late', // a query is further behind its partner than it should be
  'no_answer', // a probe did not answer in time
  'fault', // anything else: the causes say more
] as const;

/** One of the things that can be wrong. */
export type HealthProblem = (typeof HEALTH_PROBLEMS)[number];

/** What is wrong with a signing key that cannot sign, and what an operator does about it. */
export const SIGNING_KEY_ADVICE = {
  unreachable: 'its keeper cannot be reached: it is tried again in the next run',
  corrupt: 'what its keeper answered was changed on the way: it is tried again in the next run',
  failed: 'using it failed: look at the disk, or at the keeper of the key',
  malformed_name: 'its name is not one of a key: correct signingKey in the configuration',
  not_found: 'there is no such key: put it there, or correct signingKey in the configuration',
  forbidden: 'this service may not use it: grant it the right to',
  not_enabled: 'it is disabled or destroyed: enable it, or end it in the configuration',
  wrong_kind: 'it is no P-256 signing key: put one there, under a new version',
  exposed: 'others than the owner can read its file: run chmod 600 on it, or replace the key',
  replaced:
    'another key has signed under this id and version: restore that one, or give the new one a new version',
} as const;

/** Why a signing key cannot sign. */
export type SigningKeyProblem = keyof typeof SIGNING_KEY_ADVICE;
