import { parseConfiguration } from '@keyserver/configuration';
import { aFile } from '@keyserver/configuration/testing';
import type { Target } from '../search.ts';
import { must } from './must.ts';

/** A file is a configuration, or every problem has a sentence. */
function checkFile(input: Buffer): unknown {
  const parsed = parseConfiguration(input.toString('utf8'));
  if (parsed.kind === 'configuration') {
    const { authorities, apps } = parsed.value;
    const ids = new Set(authorities.map(({ id }) => id));
    must(ids.size === authorities.length, 'two authorities of one number');
    for (const app of apps)
      must(
        app.authorities.every((id) => ids.has(id)),
        'an app of an authority that is not there',
      );
    return parsed;
  }
  must(parsed.problems.length > 0, 'refused without a problem');
  for (const { message } of parsed.problems)
    must(message !== '' && !message.includes('\n'), 'a problem that is no sentence');
  return parsed;
}

/** The reader of configuration files. */
export const configurationTargets: readonly Target[] = [
  {
    name: 'configuration',
    seeds: [Buffer.from(aFile()), Buffer.from('apps: []\n'), Buffer.from('{}')],
    dictionary: [
      ...['authorities:', 'apps:', 'signingKeys:', 'exports:', '- ', '  ', '\n', ': ', '&a ', '*a'],
      ...[
        '<<: *a',
        '!!binary ',
        '!!js ',
        '|\n',
        '>\n',
        '? ',
        '---\n',
        '...\n',
        '%YAML 1.1\n',
        '#',
        '"',
        "'",
      ],
      ...[
        '[*a,*a]',
        '{',
        '}',
        '[',
        ']',
        '~',
        '.inf',
        '0x1f',
        '2024-01-01T00:00:00Z',
        '__proto__:',
        '\t',
      ],
    ],
    // A library reads YAML: it looks at text several times.
    stepsPerByte: 500,
    check: checkFile,
  },
];
