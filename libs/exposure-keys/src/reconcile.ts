import type { KeyBatch, Upload, UploadFault } from './key-store.ts';
import { type ExposureKey, type ReportType, type RevisableKey, keyHex } from './key.ts';

/** What is stored of one key. */
export interface StoredKey {
  /** As it was first published. */
  readonly key: ExposureKey;
  /** The document that it was published in. */
  readonly primary: Omit<KeyBatch, 'records' | 'kind'>;
  /** What it was revised to, and in which window that is exported; undefined while it was not. */
  readonly revision: { readonly key: ExposureKey; readonly window: KeyBatch['window'] } | undefined;
  /** Whether its window has not ended yet, so that no file can hold it. */
  readonly isFresh: boolean;
}

/** A stored key, and what it is revised to. */
export interface Revision {
  readonly stored: StoredKey;
  readonly key: ExposureKey;
}

/** What an upload changes in the store. */
export type Reconciliation =
  | {
      readonly kind: 'store';
      readonly primaries: readonly ExposureKey[];
      readonly revisions: readonly Revision[];
      /** Whether anything was published, revised or taken back, so that the upload counts. */
      readonly counts: boolean;
      /** Keys that belong into the new token. */
      readonly revisable: readonly RevisableKey[];
    }
  | { readonly kind: 'refused'; readonly code: UploadFault };

/** How the server is set to treat keys that a token does not hold. */
export interface RevisionRules {
  /** Leaves out keys that the token does not hold, instead of refusing the whole upload. */
  readonly partialRevisions: boolean;
}

type Verdict =
  | { readonly kind: 'new' | 'taken back' | 'unchanged' | 'repeated' | 'left out' }
  | { readonly kind: 'revised'; readonly revision: Revision }
  | { readonly kind: 'refused'; readonly code: UploadFault };

/**
 * Merges an upload with what is stored already under its keys (by key in hexadecimal). One key that must not be revised
 * refuses the whole upload, so that nothing changes. The token matters only when a key is sent again: an upload of new keys is
 * never refused for its token. A negative result takes earlier keys back, so new keys that come with one are never published.
 * An application that may publish no more may repeat keys and take them back: that adds none.
 */
export function reconcile(
  upload: Pick<Upload, 'keys' | 'token' | 'bypassToken' | 'app' | 'regions' | 'ceilingReached'>,
  stored: ReadonlyMap<string, StoredKey>,
  rules: RevisionRules,
): Reconciliation {
  const listed = new Map(
    typeof upload.token === 'string' ? [] : upload.token.map((key) => [keyHex(key.data), key]),
  );
  const verdicts = upload.keys.map((key) => {
    const id = keyHex(key.data);
    const known = stored.get(id);
    const verdict: Verdict =
      known === undefined
        ? { kind: key.reportType === 'negative' ? 'taken back' : 'new' }
        : verdictOn(key, known, { upload, listed: listed.get(id), rules });
    return { key, known, verdict };
  });
  for (const { verdict } of verdicts)
    if (verdict.kind === 'refused')
      return upload.token === 'unreadable'
        ? { kind: 'refused', code: 'invalid_revision_token' }
        : verdict;
  if (upload.ceilingReached === true && verdicts.some(publishes)) return refused('ceiling_reached');
  const counting = verdicts.filter(({ verdict }) => COUNTS.includes(verdict.kind));
  return {
    kind: 'store',
    primaries: verdicts.filter(({ verdict }) => verdict.kind === 'new').map(({ key }) => key),
    revisions: verdicts.flatMap(({ verdict }) =>
      verdict.kind === 'revised' ? [verdict.revision] : [],
    ),
    counts: counting.length > 0,
    revisable: verdicts
      .filter(({ verdict }) => verdict.kind === 'repeated' || COUNTS.includes(verdict.kind))
      .map(({ key, known }) => spanOf(known?.key ?? key)),
  };
}

/** Whether a key gets into a file that was in none, or again with a result that stands. */
const publishes = ({ key, verdict }: { readonly key: ExposureKey; readonly verdict: Verdict }) =>
  verdict.kind === 'new' || (verdict.kind === 'revised' && key.reportType !== 'negative');

const COUNTS: readonly Verdict['kind'][] = ['new', 'taken back', 'revised'];

const spanOf = ({ data, start, period }: ExposureKey): RevisableKey => ({ data, start, period });

interface Presented {
  readonly upload: Pick<Upload, 'token' | 'bypassToken' | 'app' | 'regions'>;
  /** The key as the token holds it. */
  readonly listed: RevisableKey | undefined;
  readonly rules: RevisionRules;
}

/** Whether a stored key may be revised by who presents it, and then to what. The order of these questions is the protocol's. */
function verdictOn(key: ExposureKey, stored: StoredKey, presented: Presented): Verdict {
  const { upload, listed } = presented;
  // Of another application, or of regions that are not its own, no application learns more than that a token is missing.
  if (!isOf(stored, upload)) return withoutToken(presented);
  if (listed === undefined && isRepeated(key, stored)) return { kind: 'repeated' };
  if (upload.bypassToken) return transition(key, stored);
  if (typeof upload.token === 'string') return withoutToken(presented);
  if (!isSameSpan(key, stored.key)) return refused('internal_error');
  if (listed === undefined) return withoutToken(presented);
  return isSameSpan(listed, stored.key)
    ? transition(key, stored)
    : refused('invalid_revision_token');
}

/** What becomes of a stored key that no token lets anybody revise. */
function withoutToken({ upload, rules }: Presented): Verdict {
  if (typeof upload.token === 'string') return refused('missing_revision_token');
  return rules.partialRevisions ? { kind: 'left out' } : refused('invalid_revision_token');
}

const refused = (code: UploadFault): { readonly kind: 'refused'; readonly code: UploadFault } => ({
  kind: 'refused',
  code,
});

const isOf = ({ primary }: StoredKey, { app, regions }: Pick<Upload, 'app' | 'regions'>): boolean =>
  primary.app === app && primary.regions.every((region) => regions.includes(region));

/**
 * Whether a phone sends its own upload again because the answer was lost: the key is in no file yet, so nobody else can know
 * it.
 */
const isRepeated = (key: ExposureKey, { key: stored, primary, isFresh }: StoredKey): boolean =>
  isFresh &&
  primary.origin === 'local' &&
  isSameSpan(key, stored) &&
  key.reportType === stored.reportType;

const isSameSpan = (
  a: Pick<ExposureKey, 'start' | 'period'> | RevisableKey,
  b: Pick<ExposureKey, 'start' | 'period'>,
): boolean => a.start === b.start && a.period === b.period;

/** The report types that each may be revised to. A key is revised once ever. */
const TRANSITIONS: Readonly<Record<ReportType, readonly ReportType[]>> = {
  '': ['confirmed', 'negative'],
  likely: ['confirmed', 'negative'],
  'user-report': ['confirmed', 'likely', 'negative'],
  confirmed: [],
  negative: [],
};

/** Whether a key of one report type may be revised to another. */
export const mayBecome = (from: ReportType, to: ReportType): boolean =>
  TRANSITIONS[from].includes(to);

/** Keys of other servers are never revised here; generated ones are, as if a phone had published them. */
const PUBLISHED_HERE: readonly KeyBatch['origin'][] = ['local', 'padding'];

function transition(key: ExposureKey, stored: StoredKey): Verdict {
  const { reportType: to } = key;
  const { reportType: from } = stored.key;
  if (to === from || to === stored.revision?.key.reportType) return { kind: 'unchanged' };
  if (!PUBLISHED_HERE.includes(stored.primary.origin)) return refused('internal_error');
  if (stored.revision !== undefined) return refused('key_already_revised');
  if (!mayBecome(from, to)) return refused('invalid_report_type_transition');
  const { start, period } = stored.key;
  return { kind: 'revised', revision: { stored, key: { ...key, start, period } } };
}
