/**
 * How the development server and its command-line tool name things: the launcher configures them on the first start,
 * and `keyserver publish` uses them when it is told nothing else.
 */
export const DEVELOPMENT_NAMES = {
  app: 'org.example.exposures',
  authority: { id: 1, issuer: 'https://authority.example', audience: 'keyserver', kid: 'dev-1' },
  /** Where the authority's private key (PKCS#8 PEM) lies, below the data directory. */
  authorityKeyFile: 'keys/authority/dev.pem',
} as const;
