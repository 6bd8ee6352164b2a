import type { Verification } from '@keyserver/export-file';
import { counted, printable, table, timeText } from '../render.ts';

/** One archive and what is to be said of it. */
export interface CheckedFile {
  readonly file: string;
  readonly violations: readonly {
    readonly rule: string;
    readonly explanation: string;
    readonly count: number;
  }[];
  /** Missing when the archive could not be had. */
  readonly verification: Verification | undefined;
}

/** The verdict on an archive that is promised and cannot be had. */
export const unavailable = (file: string, explanation: string): CheckedFile => ({
  file,
  violations: [{ rule: 'unavailable', explanation, count: 1 }],
  verification: undefined,
});

/** What a set of archives comes to. */
const totalsOf = (
  verdicts: readonly CheckedFile[],
): { readonly files: number; readonly keys: number; readonly revisedKeys: number } => ({
  files: verdicts.length,
  keys: sum(verdicts, ({ verification }) => verification?.contents?.keys ?? 0),
  revisedKeys: sum(verdicts, ({ verification }) => verification?.contents?.revisedKeys ?? 0),
});

const sum = (verdicts: readonly CheckedFile[], figure: (verdict: CheckedFile) => number): number =>
  verdicts.reduce((total, verdict) => total + figure(verdict), 0);

/** Verdicts as machines read them. */
export const checkedFilesJson = (verdicts: readonly CheckedFile[]): object => ({
  files: verdicts.map(({ file, violations, verification }) => ({
    file,
    violations,
    digest: verification?.digest,
    signatures: verification?.signatures ?? [],
    contents: verification?.contents,
  })),
  total: totalsOf(verdicts),
});

/** Verdicts as people read them: a line per file, a line per violation, and a total. */
export function renderCheckedFiles(verdicts: readonly CheckedFile[]): string {
  const violations = verdicts.flatMap(({ file, violations: found }) =>
    found.map(({ rule, explanation, count }) => {
      const times = count === 1 ? '' : ` (${count} times)`;
      return `${file}: ${rule}: ${explanation}${times}\n`;
    }),
  );
  const { files, keys, revisedKeys } = totalsOf(verdicts);
  return [
    ...(verdicts.length === 0 ? [] : [table(HEADING, verdicts.map(rowOf))]),
    ...violations,
    ...verdicts.flatMap(signaturesOf),
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
  const verdict = violations.length === 0 ? 'ok' : counted(violations.length, 'violation');
  return [printable(file), ...figures, verdict];
}
