import type { Verification } from '@keyserver/export-file';
import { printable } from '../printable.ts';
import { counted, table } from '../table.ts';
import { timeText } from '../time-text.ts';
import { type Verdict, totalsOf } from './verdict.ts';

/** Verdicts as people read them: a line per file, a line per violation, and a total. */
export function renderVerdicts(verdicts: readonly Verdict[]): string {
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
const signaturesOf = ({ file, verification }: Verdict): readonly string[] =>
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

function rowOf({ file, violations, verification }: Verdict): readonly string[] {
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
