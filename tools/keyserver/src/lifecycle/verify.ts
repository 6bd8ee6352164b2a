import { isReportSignedBy, parseReport } from '@keyserver/operations';
import type { Command } from 'commander';
import { addPublicKeyOption, readPublicKeys } from '../audit/options.ts';
import { readTextFile } from '../bounded-read.ts';
import { CommandFault, FOUND } from '../command-fault.ts';
import { exampleOf } from '../options.ts';
import { printable } from '../render.ts';
import type { CommandContext } from '../terminal.ts';

const MAX_REPORT_BYTES = 2_000_000;

/** `decommission verify`: checks the signature of a report, and prints what it says. */
export function addReportVerify(group: Command, context: CommandContext): void {
  addPublicKeyOption(group.command('verify'))
    .description('Check a signed report of a deletion, and print it. Needs no server.')
    .argument('<file>', 'what `finish` printed, from the line with the first brace on')
    .addHelpText('after', exampleOf('decommission verify report.json --public-key audit.pub.pem'))
    .action(async (file: string, { publicKey }: { readonly publicKey?: readonly string[] }) => {
      const signed = parseReport(await readTextFile(file, MAX_REPORT_BYTES));
      if (signed === undefined) throw new CommandFault(`${file} is no report of a deletion`);
      const known = publicKey === undefined ? undefined : await readPublicKeys(publicKey);
      if (!(known ?? [signed.publicKey]).some((key) => isReportSignedBy(signed, key)))
        throw new CommandFault('the report is not signed by this key, or was changed', FOUND);
      const { out } = context.terminal;
      out(`${printable(signed.report)}\n`);
      out(
        known === undefined
          ? 'The signature is that of the key that the report names. Give --public-key to know whose it is.\n'
          : 'The signature is that of a key that you gave.\n',
      );
    });
}
