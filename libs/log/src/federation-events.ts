import { PULL_SEVERITY, type PullEvents } from './pull-events.ts';
import { SERVE_SEVERITY, type ServeEvents } from './serve-events.ts';
import { UNIT_SEVERITY, type UnitEvents } from './unit-events.ts';

/** The events of exchanging keys with other servers: units are made ready, served, and fetched. */
export interface FederationEvents extends UnitEvents, ServeEvents, PullEvents {}

/** Their severities. */
export const FEDERATION_SEVERITY = { ...UNIT_SEVERITY, ...SERVE_SEVERITY, ...PULL_SEVERITY };
