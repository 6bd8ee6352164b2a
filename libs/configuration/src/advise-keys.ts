import { type OpenSignerDeps, openSigner, signingAt } from '@keyserver/export-file';
import { DAY, type UnixMillis, unixMillis } from '@keyserver/time';
import type { Advice, AdviceName, ChangeAdvice } from './advice.ts';
import { type WholeConfiguration, type Span, isOver } from './configuration.ts';
import { formatTime } from './grammar.ts';

type Export = WholeConfiguration['exports'][number];
type SigningKey = WholeConfiguration['signingKeys'][number];

/** A new signing key takes weeks to reach phones, and a new key of an authority to be agreed on. */
const SOON = 28 * DAY;
/** The makers of phones need about two weeks to distribute a new key. */
const DISTRIBUTION = 14 * DAY;

/** Exports that have, or will have, no key to sign with: no file is made then. */
export const adviseOnSigningKeys = (
  { exports, signingKeys }: WholeConfiguration,
  now: UnixMillis,
): readonly Advice[] =>
  exports
    .filter((config) => !isOver(config, now))
    .flatMap((config) =>
      adviseOnSpans(keysOf(config, signingKeys), {
        section: 'exports',
        id: config.id,
        text: `signing key of export ${config.id}`,
        during: { from: laterOf(now, config.from), thru: config.thru },
        now,
        names: ['no_signing_key', 'signing_gap', 'signing_key_ends_soon'],
        effect: 'no file is made',
      }),
    );

/** Authorities that an app relies on and that have, or will have, no key: every certificate is refused then. */
export const adviseOnAuthorityKeys = (
  { apps, authorities }: WholeConfiguration,
  now: UnixMillis,
): readonly Advice[] =>
  authorities
    .filter(({ id }) => apps.some((app) => app.authorities.includes(id)))
    // Where keys are learned, the configured ones need not suffice, and health tells when learning them fails.
    .filter(({ jwks }) => jwks === undefined)
    .flatMap(({ id, name, keys }) =>
      adviseOnSpans(keys, {
        section: 'authorities',
        id: String(id),
        text: `key of authority ${id} (${name})`,
        during: { from: now, thru: undefined },
        now,
        names: ['no_authority_key', 'authority_key_gap', 'authority_key_ends_soon'],
        effect: 'its certificates are refused',
      }),
    );

interface Watched {
  readonly section: 'exports' | 'authorities';
  readonly id: string;
  readonly text: string;
  /** When a key is needed. */
  readonly during: Span;
  readonly now: UnixMillis;
  readonly names: readonly [none: AdviceName, gap: AdviceName, endsSoon: AdviceName];
  readonly effect: string;
}

function adviseOnSpans(keys: readonly Span[], watched: Watched): readonly Advice[] {
  const { section, id, text, during, now, effect, names } = watched;
  const end = coveredUntil(keys, during.from);
  if (end === undefined || (during.thru !== undefined && end >= during.thru)) return [];
  const next = nextBegin(keys, end);
  const until = next === undefined ? '' : ` until ${formatTime(next)}`;
  const say = (name: AdviceName, message: string): readonly Advice[] => [
    { name, section, id, message },
  ];
  if (end === during.from)
    return say(
      names[0],
      end === now
        ? `No ${text} is in force: ${effect}${until}.`
        : `No ${text} is in force when it begins: ${effect} from ${formatTime(end)}${until}.`,
    );
  if (next !== undefined)
    return say(
      names[1],
      `The last ${text} ends before its successor begins: ${effect} from ${formatTime(end)}${until}.`,
    );
  return end < now + SOON
    ? say(names[2], `The last ${text} ends soon: ${effect} from ${formatTime(end)} on.`)
    : [];
}

/**
 * Exports whose files will soon carry the signature of a new key first. Phones of Apple read only the first signature, so
 * those that do not know the key by then refuse the files.
 */
export const adviseOnNewKeys = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  now: UnixMillis,
): readonly Advice[] =>
  after.exports.flatMap((config) => {
    const was = before.exports.find(({ id }) => id === config.id);
    if (was === undefined || isOver(config, now)) return [];
    const known = keysOf(was, before.signingKeys);
    // An export that was never signed has no phones that could stop reading it.
    if (signingAt(known, now).length === 0) return [];
    const soon = unixMillis(now + DISTRIBUTION);
    const [key] = signingAt(keysOf(config, after.signingKeys), soon);
    return key === undefined || known.some((one) => isSame(one, key)) ? [] : [newKey(config, key)];
  });

/**
 * Exports that had a key without an end and have none any more, however far that end is: what ends within weeks is told of
 * above.
 */
export const adviseOnLastKeys = (
  before: WholeConfiguration,
  after: WholeConfiguration,
  now: UnixMillis,
): readonly Advice[] =>
  after.exports.flatMap((config) => {
    const was = before.exports.find(({ id }) => id === config.id);
    if (was === undefined || isOver(config, now)) return [];
    const from = laterOf(now, config.from);
    const end = coveredUntil(keysOf(config, after.signingKeys), from);
    if (end === undefined || end < now + SOON || (config.thru ?? Infinity) <= end) return [];
    if (coveredUntil(keysOf(was, before.signingKeys), from) !== undefined) return [];
    const message = `The last signing key of export ${config.id} is given an end: no file is made from ${formatTime(end)} on.`;
    return [{ name: 'last_signing_key_ends', section: 'exports', id: config.id, message }];
  });

const newKey = ({ id }: Export, { id: keyId, from }: SigningKey): Advice => ({
  name: 'new_key_signs_soon',
  section: 'exports',
  id,
  message: `Files of export ${id} are signed first with ${keyId} from ${formatTime(from)} on: phones of Apple that do not know this key by then refuse them.`,
});

const keysOf = ({ signingKeys: ids }: Export, keys: readonly SigningKey[]): readonly SigningKey[] =>
  keys.filter(({ id }) => ids.includes(id));

/** Whether phones that know one know the other, and it does not begin to sign sooner. */
const isSame = (one: SigningKey, other: SigningKey): boolean =>
  one.signingKey === other.signingKey &&
  one.keyId === other.keyId &&
  one.keyVersion === other.keyVersion &&
  one.from <= other.from;

const laterOf = (a: UnixMillis, b: UnixMillis): UnixMillis => (a > b ? a : b);

/**
 * The signing keys of a configuration that cannot sign, tried out as the export service does it. A key that is declared
 * the same way already is no consequence of the change.
 */
export async function adviseOnUnusableKeys(
  deps: OpenSignerDeps,
  {
    before,
    after,
    now,
  }: {
    readonly before: WholeConfiguration;
    readonly after: WholeConfiguration;
    readonly now: UnixMillis;
  },
): Promise<readonly ChangeAdvice[]> {
  const used = after.exports.filter((config) => !isOver(config, now));
  const advice: ChangeAdvice[] = [];
  for (const key of after.signingKeys) {
    if (isOver(key, now) || !used.some(({ signingKeys }) => signingKeys.includes(key.id))) continue;
    const opened = await openSigner(deps, key);
    if (opened.kind === 'usable') continue;
    advice.push({
      name: 'signing_key_unusable',
      section: 'signingKeys',
      id: key.id,
      message: `Signing key ${key.id} cannot sign: ${opened.why.message}.`,
      standing: before.signingKeys.some(
        ({ id, signingKey }) => id === key.id && signingKey === key.signingKey,
      ),
    });
  }
  return advice;
}

/** The first instant from a given one on that no span covers; undefined when they cover all time to come. */
function coveredUntil(spans: readonly Span[], from: UnixMillis): UnixMillis | undefined {
  let end = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (span.from > end) break;
    if (span.thru === undefined) return undefined;
    if (span.thru > end) end = span.thru;
  }
  return end;
}

/** When the next span begins after an instant; undefined when none does. */
const nextBegin = (spans: readonly Span[], after: UnixMillis): UnixMillis | undefined =>
  spans
    .map(({ from }) => from)
    .sort((a, b) => a - b)
    .find((from) => from > after);
