import { type Setting, integer, text } from './setting.ts';

/** The variables that say where a service listens; `answered` says whom it answers, as in "phones are answered". */
export const listeningVariables = (
  answered: string,
): { readonly PORT: Setting<number>; readonly HOST: Setting<string> } => ({
  PORT: integer({
    about: `The port on which ${answered}; 0 takes any free one.`,
    min: 0,
    max: 65_535,
    default: 8080,
  }),
  HOST: text({
    about: 'The network address to listen on; 0.0.0.0 answers other machines too.',
    default: '127.0.0.1',
    form: { pattern: /^[0-9A-Za-z.:-]+$/, described: 'a host name or an IP address' },
  }),
});
