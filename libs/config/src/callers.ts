import { list, text, url } from './setting.ts';

/** The variables that say who may start the jobs of a service. */
export const callerVariables = {
  OIDC_ISSUER: text({ about: 'The issuer of the identity tokens that callers present.' }),
  OIDC_JWKS_URL: url({ about: 'Where the public keys of that issuer are.' }),
  OIDC_AUDIENCE: text({ about: 'The audience that identity tokens must be meant for.' }),
  CALLER_EMAILS: list({
    about: 'The accounts that may start jobs.',
    form: { pattern: /^[^@\s]+@[^@\s]+$/, described: 'e-mail addresses' },
  }),
};
