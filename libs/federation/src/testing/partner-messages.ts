import { unixMillis } from '@keyserver/time';
import {
  type ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
} from '#generated/federation.js';
import type { PartnerState } from '../partner-state.ts';
import type { FederationQuery } from '../query.ts';

/** A query that is right in every field but those given. Tests only. */
export const aQuery = (fields: Partial<FederationQuery> = {}): FederationQuery => ({
  id: 'neighbour',
  server: 'keys.neighbour.example',
  audience: 'https://keys.neighbour.example/federation',
  partner: 'standard',
  includeRegions: [],
  excludeRegions: [],
  onlyTravelers: false,
  onlyLocalProvenance: true,
  maxPageKeys: 1000,
  acceptSelfReport: false,
  acceptRecursive: false,
  from: unixMillis(0),
  thru: undefined,
  ...fields,
});

/** 2026-01-14, all day, as an interval number. */
const START = Date.UTC(2026, 0, 14) / 600_000;

/** Fields of a key; any number may be sent as its report type. */
type WireFields = Omit<ExposureKey.$Properties, 'reportType'> & { readonly reportType?: number };

/** A key of the wire whose bytes tell its number; of the whole of 2026-01-14 unless told otherwise. Tests only. */
export function aWireKey(
  n: number,
  { reportType = 1, ...fields }: WireFields = {},
): ExposureKey.$Properties & { readonly exposureKey: Uint8Array } {
  const exposureKey = Buffer.alloc(16, 0xcd);
  exposureKey.writeUInt32BE(n);
  return {
    exposureKey,
    transmissionRisk: 3,
    intervalNumber: START,
    intervalCount: 144,
    ...({ reportType } as object),
    daysSinceOnsetOfSymptoms: 2,
    hasSymptomOnset: true,
    regions: ['XB'],
    ...fields,
  } as ExposureKey.$Properties & { readonly exposureKey: Uint8Array };
}

/** What an answer says. Tests only. */
export interface AnswerParts {
  readonly keys?: readonly ExposureKey.$Properties[];
  readonly revisedKeys?: readonly ExposureKey.$Properties[];
  readonly more?: boolean;
  /** Timestamp and token of both cursors; none in an answer without a state. */
  readonly next?: readonly [timestamp: number, token: string];
  readonly nextRevised?: readonly [timestamp: number, token: string];
}

const cursor = ([timestamp, nextToken]: readonly [number, string]) => ({ timestamp, nextToken });

/** The bytes of an answer. Tests only. */
export const anAnswer = ({ keys, revisedKeys, more, next, nextRevised }: AnswerParts): Uint8Array =>
  FederationFetchResponse.encode({
    keys: [...(keys ?? [])],
    revisedKeys: [...(revisedKeys ?? [])],
    partialResponse: more ?? false,
    ...(next === undefined
      ? {}
      : {
          nextFetchState: {
            keyCursor: cursor(next),
            revisedKeyCursor: cursor(nextRevised ?? next),
          },
        }),
  }).finish();

/** What a call asked for. Tests only. */
export interface AskedPage {
  readonly state: PartnerState | undefined;
  readonly maxKeys: number;
  readonly includeRegions: readonly string[];
  readonly excludeRegions: readonly string[];
}

/** What the bytes of a call ask for. Tests only. */
export function readRequest(bytes: Uint8Array): AskedPage {
  const { state, maxExposureKeys, includeRegions, excludeRegions } =
    FederationFetchRequest.decode(bytes);
  const read = (sent: NonNullable<typeof state>['keyCursor']) => ({
    timestamp: Number(String(sent?.timestamp ?? 0)),
    token: sent?.nextToken ?? '',
  });
  return {
    state: state
      ? { keys: read(state.keyCursor), revisions: read(state.revisedKeyCursor) }
      : undefined,
    maxKeys: maxExposureKeys ?? 0,
    ...{ includeRegions, excludeRegions },
  };
}
