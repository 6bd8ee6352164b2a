import type { Verification } from '@keyserver/export-file';
import { counted, printable, table, timeText } from '../render.ts';

/** One archive, and every rule that it breaks. */
export interface CheckedFile {
  readonly file: string;
  readonly violations: readonly {
    readonly rule: string;
    readonly explanation: string;
    readonly count: number;
  }[];
  /** Undefined when the archive could not be fetched. */
  readonly verification: Verification | undefined;
}

/** The result for an archive that an index lists and that cannot be fetched. */
export const unavailable = (file: string, explanation: string): CheckedFile => ({
  file,
  violations: [{ rule: 'unavailable', explanation, count: 1 }],
  verification: undefined,
});

/** The result for a place whose newest archive is older than it may be. */
export const stale = (file: string, explanation: string): CheckedFile => ({
  file,
  violations: [{ rule: 'too_old', explanation, count: 1 }],
  verification: undefined,
});

/** The totals of a set of archives. */
const totalsOf = (
  checked: readonly CheckedFile[],
): { readonly files: number; readonly keys: number; readonly revisedKeys: number } => ({
  files: checked.length,
  keys: sum(checked, ({ verification }) => verification?.contents?.keys ?? 0),
  revisedKeys: sum(checked, ({ verification }) => verification?.contents?.revisedKeys ?? 0),
});

const sum = (checked: readonly CheckedFile[], figure: (one: CheckedFile) => number): number =>
  checked.reduce((total, one) => total + figure(one), 0);

/** Checked files as JSON, for scripts. */
export const checkedFilesJson = (checked: readonly CheckedFile[]): object => ({
  files: checked.map(({ file, violations, verification }) => ({
    file,
    violations,
    digest: verification?.digest,
    signatures: verification?.signatures ?? [],
    contents: verification?.contents,
  })),
  total: totalsOf(checked),
});

/** Checked files as people read them: a line per file, a line per violation, and a total. */
export function renderCheckedFiles(checked: readonly CheckedFile[]): string {
  const violations = checked.flatMap(({ file, violations: found }) =>
    found.map(({ rule, explanation, count }) => {
      const times = count === 1 ? '' : ` (${count} times)`;
      return `${file}: ${rule}: ${explanation}${times}\n`;
    }),
  );
  const { files, keys, revisedKeys } = totalsOf(checked);
  return [
    ...(checked.length === 0 ? [] : [table(HEADING, checked.map(rowOf))]),
    ...violations,
    ...checked.flatMap(signaturesOf),
    `${counted(files, 'file')}, ${counted(keys, 'key')}, ${counted(revisedKeys, 'revised key')}\n`,
  ].join('');
}

/** Which signatures are by the keys that somebody gave in files: phones that read only the first need it to be by theirs. */
const signaturesOf = ({ file, verification }: CheckedFile): readonly string[] =>
  (verification?.signatures ?? []).flatMap((signature, n, all) =>
    signature.heldIn === undefined
      ? []
      : [
          `${printable(file)}: signature ${n + 1} of ${all.length} ${byWhom(signature)}${REACH[Math.min(n, 1)] ?? ''}\n`,
        ],
  );

const byWhom = ({ keyId, keyVersion, heldIn = '' }: Verification['signatures'][number]): string =>
  `(${printable(keyId)} ${printable(keyVersion)}) is by ${printable(heldIn)}`;

/** What a phone that knows only that key makes of the file. */
const REACH = ['', '; of phones that know only this key, those of Apple refuse the file'];

const HEADING = ['FILE', 'REGION', 'FROM', 'UNTIL', 'KEYS', 'REVISED', 'VERDICT'];

function rowOf({ file, violations, verification }: CheckedFile): readonly string[] {
  const contents = verification?.contents;
  const figures =
    contents === undefined
      ? ['-', '-', '-', '-', '-']
      : [
          printable(contents.region),
          timeText(contents.start),
          timeText(contents.end),
          String(contents.keys),
          String(contents.revisedKeys),
        ];
  const result = violations.length === 0 ? 'ok' : counted(violations.length, 'violation');
  return [printable(file), ...figures, result];
}
