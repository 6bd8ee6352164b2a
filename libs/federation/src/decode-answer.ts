import { type Cursor, type ExposureKey, FederationFetchResponse } from '#generated/federation.js';
import protobuf from 'protobufjs/minimal.js';
import type { PartnerCursor, PartnerState } from './partner-state.ts';

/** At most so many bytes are taken as one answer: 10,000 keys with dozens of regions each. */
export const MAX_ANSWER_BYTES = 16 << 20;

/** A token longer than that is none that any server makes; it would have to be stored and sent back. */
const MAX_TOKEN_CHARACTERS = 4096;

/** The years 1 to 9999 in Unix seconds, which is what the protocol's timestamps stand for. */
const TIMESTAMPS = { min: -62_135_596_800, max: 253_402_300_799 } as const;

/** One key as the wire has it, nothing about it checked. */
export type WireKey = ExposureKey.$Properties;

/** A partner's answer whose form is right. */
export interface PartnerPage {
  readonly keys: readonly WireKey[];
  readonly revisedKeys: readonly WireKey[];
  /** Whether more can be had at once. */
  readonly more: boolean;
  /** Undefined in a complete answer that names none: then the state of the call stays. */
  readonly next: PartnerState | undefined;
}

/** An answer as read. What is unreadable says why in a sentence of ours, without anything that was sent. */
export type DecodedAnswer =
  | { readonly kind: 'page'; readonly page: PartnerPage }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Reads an answer to a call that asked for so many keys and gave back this state. Never throws, whatever was sent. */
export function decodeAnswer(
  bytes: Uint8Array,
  asked: { readonly maxKeys: number; readonly state: PartnerState | undefined },
): DecodedAnswer {
  if (bytes.length > MAX_ANSWER_BYTES) return unreadable('it is too long');
  const answer = parsed(bytes, asked.maxKeys);
  if (answer === undefined) return unreadable('it is no answer of the protocol');
  if (answer === 'too many keys') return unreadable('it has more keys than were asked for');
  const { keys, revisedKeys } = answer;
  const more = answer.partialResponse === true;
  const next = stateOf(answer.nextFetchState, asked.state);
  if (next === 'malformed') return unreadable('its state is malformed');
  if (more && next === undefined) return unreadable('it says that more is to come, but not where');
  return { kind: 'page', page: { keys, revisedKeys, more, next } };
}

const unreadable = (why: string): DecodedAnswer => ({ kind: 'unreadable', why });

function parsed(
  bytes: Uint8Array,
  maxKeys: number,
): FederationFetchResponse | 'too many keys' | undefined {
  try {
    return hasMoreKeys(bytes, maxKeys) ? 'too many keys' : FederationFetchResponse.decode(bytes);
  } catch {
    return undefined; // the library throws for any bytes that are no message
  }
}

/** What a key begins with in an answer, in `keys` and in `revisedKeys`. */
const KEY_TAGS: readonly number[] = [0x0a, 0x12];

/**
 * Counts keys before any is made an object: an empty one takes two bytes in an answer, and hundreds in memory. Throws for bytes that
 * are no message.
 */
function hasMoreKeys(bytes: Uint8Array, maxKeys: number): boolean {
  const reader = protobuf.Reader.create(bytes);
  let keys = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (KEY_TAGS.includes(tag)) keys += 1;
    if (keys > maxKeys) return true;
    reader.skipType(tag & 7);
  }
  return false;
}

/** A state with the cursor of the call in the place of one that lacks. */
function stateOf(
  sent: FederationFetchResponse['nextFetchState'],
  before: PartnerState = { keys: BEGINNING, revisions: BEGINNING },
): PartnerState | 'malformed' | undefined {
  if (sent === null || sent === undefined) return undefined;
  const keys = cursorOf(sent.keyCursor, before.keys);
  const revisions = cursorOf(sent.revisedKeyCursor, before.revisions);
  return keys === 'malformed' || revisions === 'malformed' ? 'malformed' : { keys, revisions };
}

const BEGINNING: PartnerCursor = { timestamp: 0, token: '' };

function cursorOf(
  sent: Cursor.$Properties | null | undefined,
  before: PartnerCursor,
): PartnerCursor | 'malformed' {
  if (sent === null || sent === undefined) return before;
  // An int64 is a number or an object that prints its digits, whichever the library was built with.
  const timestamp = Number(String(sent.timestamp ?? 0));
  const token = sent.nextToken ?? '';
  const isTime =
    Number.isInteger(timestamp) && timestamp >= TIMESTAMPS.min && timestamp <= TIMESTAMPS.max;
  return isTime && token.length <= MAX_TOKEN_CHARACTERS ? { timestamp, token } : 'malformed';
}
