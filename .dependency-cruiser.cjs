const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Who may import whom: the picture of docs/architecture.md, as data. It is an allow-list: what a row does not name is forbidden.
 * A row is a room and the rooms of this project that its files may import, apart from its own.
 */
const BASE = ['libs/time', 'libs/random', 'libs/fault', 'libs/retry'];
const DOMAIN = [
  'libs/attestation',
  'libs/exposure-keys',
  'libs/health-authority',
  'libs/revision-token',
  'libs/export-file',
  'libs/padding',
  'libs/federation',
];
const RUNTIME = ['libs/log', 'libs/telemetry', 'libs/config', 'libs/jobs', 'libs/service'];
const OPERATE = [
  'libs/configuration',
  'libs/data-transfer',
  'libs/scheduled-jobs',
  'libs/operations',
  'libs/doctor',
];
const CLOUD = [
  ...['firestore', 'cloud-storage', 'cloud-kms', 'cloud-identity', 'cloud-scheduler'],
  'cloud-telemetry',
].map((product) => `libs/${product}`);
/** What libs/platform opens for services; commands open the rest. */
const OPENED = [
  ...['libs/local', 'libs/firestore', 'libs/cloud-storage', 'libs/cloud-kms'],
  ...['libs/cloud-identity', 'libs/cloud-telemetry'],
];
const ADAPTERS = ['libs/sqlite', 'libs/local', ...CLOUD];
const SERVICES = [
  ...['publish', 'export', 'cleanup', 'trust', 'federation-serve', 'federation-pull'],
].map((service) => `services/${service}`);
const USES = [...BASE, ...DOMAIN, ...RUNTIME, 'libs/docstore', 'libs/stores', ...OPERATE];

const forEach = (rooms, may) => Object.fromEntries(rooms.map((room) => [room, may]));
const PORTS = [...BASE, ...DOMAIN, 'libs/docstore', 'libs/jobs', 'libs/config', 'libs/log'];

/** @type {Record<string, readonly string[]>} */
const ROOMS = {
  ...forEach(BASE, BASE),
  ...forEach(DOMAIN, [...BASE, ...DOMAIN]),
  ...forEach(RUNTIME, [...BASE, ...RUNTIME]),
  'libs/docstore': BASE,
  'libs/stores': [...BASE, ...DOMAIN, 'libs/docstore', 'libs/jobs'],
  ...forEach(OPERATE, [...PORTS, 'libs/stores', ...OPERATE]),
  ...forEach(['libs/sqlite', ...CLOUD], PORTS),
  'libs/cloud-telemetry': [...PORTS, 'libs/telemetry'],
  'libs/local': [...PORTS, 'libs/sqlite'], // a data directory holds a database too
  'libs/platform': [...PORTS, 'libs/service', 'libs/stores', ...OPENED],
  ...forEach(SERVICES, USES), // their wiring.ts also libs/platform
  // It rebuilds files with the service's own use cases, and calls partners with the service's own client.
  // The doctor reads the settings of every service, which have their bounds there.
  'tools/keyserver': [...USES, ...SERVICES],
  'tools/launcher': [...USES, ...SERVICES], // starts them, each in a process
  'tools/demo': [...[...USES, ...SERVICES], ...['tools/launcher', 'test/stand-ins']],
  'tools/image': [], // runs in images that are being built, by itself
  bench: [
    ...[...USES, ...ADAPTERS, ...SERVICES],
    ...['test/stand-ins', 'test/privacy'], // what attacks padding, and how well it does
  ],
  docs: [...USES, ...SERVICES, 'tools/launcher', 'libs/firestore'], // whose indexes a release needs
  terraform: [...USES, 'libs/firestore'],
};

/** What tests import beside: every engine and platform, stand-ins, and other rooms' builders. */
const TESTS = '(\\.test\\.ts$|/testing/|^test/)';
/** The one file of a room that may name what opens its platform: adapters in tools, libs/platform in services. The doctor has its own. */
const WIRED = '^(services|tools)/[^/]+/src/(doctor/)?wiring\\.ts$';
/** The product that each of these rooms, and only it, may import a client of; sign-in and calls are shared by all. */
const CLIENTS = {
  'libs/firestore': '@google-cloud/firestore',
  'libs/cloud-storage': '@google-cloud/storage',
  'libs/cloud-kms': '@google-cloud/kms',
  'libs/cloud-scheduler': '@google-cloud/scheduler',
};
const PURE =
  '^(crypto|buffer|util|zlib|events|stream|stream/consumers|stream/promises|timers/promises)$';

const under = (rooms) => rooms.map((room) => `^${room}/`);

const rooms = Object.entries(ROOMS).map(([room, may]) => ({
  name: `${room.replaceAll('/', '-')}-imports-what-it-may`,
  comment: `${room} may import ${may.join(', ') || 'nothing of this project'}`,
  severity: 'error',
  from: { path: `^${room}/`, pathNot: [TESTS, WIRED] },
  to: { path: '^(libs|services|tools|test|bench|docs|terraform)/', pathNot: under([room, ...may]) },
}));

const clients = Object.entries(CLIENTS).map(([room, client]) => ({
  name: `only-${room.replaceAll('/', '-')}-imports-its-client`,
  severity: 'error',
  from: { pathNot: [`^${room}/`, '^test/stand-ins/'] },
  to: { path: `(^|node_modules/)${client}/` },
}));

/** The rooms of this project that a package.json names. */
const PACKAGES = [...Object.keys(ROOMS), 'test/stand-ins'].filter((room) =>
  existsSync(join(__dirname, room, 'package.json')),
);
const manifestOf = (room) =>
  JSON.parse(readFileSync(join(__dirname, room, 'package.json'), 'utf8'));
const ROOM_OF = new Map(PACKAGES.map((room) => [manifestOf(room).name, room]));
const namedBy = (dependencies = {}) =>
  Object.keys(dependencies).flatMap((name) => ROOM_OF.get(name) ?? []);

const packages = PACKAGES.flatMap((room) => {
  const { dependencies, devDependencies } = manifestOf(room);
  const always = [room, ...namedBy(dependencies)];
  const inTests = [...always, ...namedBy(devDependencies)];
  const rule = (name, from, named) => ({
    name: `${room.replaceAll('/', '-')}-${name}`,
    severity: 'error',
    from: { path: `^${room}/`, ...from },
    to: { path: under(PACKAGES), pathNot: under(named) },
  });
  return [
    rule('names-what-it-imports', { pathNot: TESTS }, always),
    rule('names-what-its-tests-import', {}, inTests),
  ];
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...rooms,
    {
      name: 'every-room-has-a-row',
      severity: 'error',
      from: {
        path: '^(libs|services|tools|bench|docs|terraform)/',
        pathNot: under(Object.keys(ROOMS)),
      },
      to: {},
    },
    {
      name: 'wiring-imports-libs',
      severity: 'error',
      from: { path: '^(services|tools)/([^/]+)/src/(?:doctor/)?wiring\\.ts$' },
      to: {
        path: '^(services|tools|test|bench|docs|terraform)/',
        pathNot: [
          '^$1/$2/',
          '^test/stand-ins/',
          '^services/export/src/rebuild\\.ts$',
          '^services/federation-pull/src/partner-client\\.ts$',
        ],
      },
    },
    {
      name: 'services-name-no-adapter',
      comment: 'libs/platform opens them, the same in every service',
      severity: 'error',
      from: { path: '^services/', pathNot: TESTS },
      to: { path: under(ADAPTERS) },
    },
    {
      name: 'services-are-strangers',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    ...clients,
    {
      name: 'rules-need-no-machine',
      comment:
        'What is pure can be tested and read without a network, files, processes or a framework.',
      severity: 'error',
      from: { path: under([...BASE, ...DOMAIN, 'libs/docstore', 'libs/stores']), pathNot: TESTS },
      to: { dependencyTypes: ['core'], pathNot: PURE },
    },
    {
      name: 'fakes-stay-in-tests',
      severity: 'error',
      from: { pathNot: [TESTS, '^bench/'] },
      to: { path: '/testing/' },
    },
    ...packages,
    {
      name: 'packages-name-what-they-import',
      severity: 'error',
      from: { path: '^(libs|services|tools)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(libs|services|tools)/[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.json'],
    },
  },
};
