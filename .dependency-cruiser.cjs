const TESTS = '(\\.test\\.ts$|/testing/|^test/|^bench/)';
const DOMAIN =
  '^libs/(exposure-keys|health-authority|revision-token|export-file|federation|attestation)/';
const BASE = '^libs/(time|random)/';

/** The layering rules of docs/architecture.md, as data. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'foundations-stand-alone',
      severity: 'error',
      from: { path: BASE, pathNot: TESTS },
      to: { path: '^libs/', pathNot: BASE },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: DOMAIN, pathNot: TESTS },
      to: {
        path: [
          '^(node:)?(fs|net|https?|http2|dns|tls|child_process|sqlite|worker_threads)(/|$)',
          '(^|/)(express|pino|@google-cloud)/',
          '^libs/(gcp|local|service|stores|docstore|jobs|log|config|operations)/',
        ],
      },
    },
    {
      name: 'docstore-knows-no-domain',
      severity: 'error',
      from: { path: '^libs/docstore/', pathNot: TESTS },
      to: { path: '^libs/', pathNot: '^libs/(docstore|time|random)/' },
    },
    {
      name: 'stores-know-ports-only',
      severity: 'error',
      from: { path: '^libs/stores/', pathNot: TESTS },
      to: { path: '^libs/(gcp|local|service|operations|log|config)/' },
    },
    {
      name: 'cloud-only-in-gcp',
      severity: 'error',
      from: { pathNot: ['^libs/gcp/', '^test/stand-ins/.*/testing/'] },
      to: { path: '(^|node_modules/)@google-cloud/' },
    },
    {
      name: 'only-wiring-names-adapters',
      severity: 'error',
      from: { path: '^(services|tools)/', pathNot: ['/wiring\\.ts$', TESTS] },
      to: { path: '^libs/(gcp|local)/' },
    },
    {
      name: 'libs-ignore-services',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|tools)/' },
    },
    {
      name: 'services-are-strangers',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'fakes-stay-in-tests',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: '/testing/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.json'],
    },
  },
};
