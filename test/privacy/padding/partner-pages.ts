import type { DocumentStore } from '@keyserver/docstore';
import { type Partner, readRequest, secondsIn } from '@keyserver/federation';
import {
  type ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
  aPartner,
} from '@keyserver/federation/testing';
import { type ServeKeysDeps, serveKeys, unitCache } from '@keyserver/federation-serve/testing';
import { readEpoch, unitsOfPartners } from '@keyserver/stores';
import { DAY, HOUR, SECOND, type UnixMillis, systemClock } from '@keyserver/time';
import type { SeenKey } from './seen-file.ts';
import { FLOOR, RANGE } from './simulate-files.ts';

/** A partner that is given one region in units of an hour, as an export of an hour would list it. */
export const hourlyPartner = (region: string, from: UnixMillis): Partner =>
  aPartner({
    ...{ mode: 'padded', onlyLocalProvenance: true },
    ...{ id: region.toLowerCase(), includeRegions: [region], unit: HOUR, from },
    ...{ minRecords: FLOOR, paddingRange: RANGE },
  });

/** What a partner is given in pages of some hundred keys from the beginning of a unit to its end, as it reads them from the wire. */
export async function readUnitPages(
  store: DocumentStore,
  partner: Partner,
  start: UnixMillis,
): Promise<readonly SeenKey[]> {
  const deps = servingOf(store);
  const keys: SeenKey[] = [];
  const seconds = start / SECOND;
  let state: FederationFetchRequest.$Properties['state'] = { keyCursor: { timestamp: seconds } };
  for (;;) {
    const answer = await fetchPage(deps, partner, { state, maxExposureKeys: 300 });
    keys.push(...answer.keys.map(seenOf));
    state = answer.nextFetchState ?? null;
    if (secondsIn(answer.nextFetchState?.keyCursor ?? {}) >= seconds + HOUR / SECOND) return keys;
    if (answer.partialResponse !== true) throw new Error('a unit is not served to its end');
  }
}

function servingOf(store: DocumentStore): ServeKeysDeps {
  const units = unitsOfPartners(store, {
    ...{ retention: 14 * DAY, profile: 'production', clock: systemClock },
  });
  return {
    findUnit: units.findUnit,
    loadUnit: unitCache(units.readUnit, 1_000_000),
    readEpoch: async () => await readEpoch(store),
    readSealingKey: async () => await Promise.resolve(Buffer.alloc(32, 1)),
    storeTime: async () => await store.now(),
  };
}

async function fetchPage(
  deps: ServeKeysDeps,
  partner: Partner,
  asked: FederationFetchRequest.$Properties,
): Promise<FederationFetchResponse> {
  const request = readRequest(FederationFetchRequest.encode(asked).finish());
  if (typeof request === 'string') throw new Error(`a request was ${request}`);
  const time = {
    isOver: () => false,
    within: async <T>(work: Promise<T>) => await work,
    end: () => undefined,
  };
  const served = await serveKeys(deps, { partner, request, time });
  if (served.kind === 'refused') throw new Error(`a call was refused: ${served.reason}`);
  return FederationFetchResponse.decode(served.answer);
}

const seenOf = (key: ExposureKey.$Properties): SeenKey => ({
  data: key.exposureKey ?? Buffer.alloc(0),
  start: key.intervalNumber ?? 0,
  period: key.intervalCount ?? 0,
  risk: key.transmissionRisk ?? 0,
  reportType: key.reportType ?? 0,
  onsetDays: key.hasSymptomOnset === true ? (key.daysSinceOnsetOfSymptoms ?? 0) : undefined,
});
