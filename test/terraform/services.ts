import { type Environment, describeSettings, loadSettings, platformOf } from '@keyserver/config';
import { cleanupSettings } from '@keyserver/cleanup/settings';
import { exportSettings } from '@keyserver/export/settings';
import { federationPullSettings } from '@keyserver/federation-pull/settings';
import { federationServeSettings } from '@keyserver/federation-serve/settings';
import { publishSettings } from '@keyserver/publish/settings';
import { MAX_CONNECTIONS } from '@keyserver/service';
import { trustSettings } from '@keyserver/trust/settings';
import { type Planned, type Policy, type Value, blocks, field, ofType, textAt } from './plan.ts';

/** What each service reads, by its name on Google Cloud. */
const SETTINGS = {
  'keyserver-publish': publishSettings,
  'keyserver-export': exportSettings,
  'keyserver-cleanup': cleanupSettings,
  'keyserver-trust': trustSettings,
  'keyserver-federation-serve': federationServeSettings,
  'keyserver-federation-pull': federationPullSettings,
} as const;

/** Values that are known only after the apply, as they look. */
const LATER: Environment = {
  KEY_HASH_SECRET: '0123456789abcdef'.repeat(4),
  REVISION_TOKEN_KEY: 'projects/p/locations/l/keyRings/keyserver/cryptoKeys/revision-tokens',
};

const container = ({ values }: Planned): Value | undefined =>
  field(values, 'template', 'containers');

/** The environment that a container gets. */
export const environmentOf = (service: Planned): Environment =>
  Object.fromEntries(
    blocks(firstOf(container(service)), 'env').map((variable) => {
      const name = textAt(variable, 'name');
      const value = textAt(variable, 'value');
      return [name, value === '' ? (LATER[name] ?? '') : value];
    }),
  );

const firstOf = (value: Value | undefined): Value | undefined =>
  Array.isArray(value) ? (value as readonly Value[])[0] : value;

/** Every service starts with the environment that it is given, and is given nothing that it does not read. */
export const settings: Policy = (plan) =>
  ofType(plan, 'cloud_run_v2_service').flatMap((service) => {
    const name = textAt(service.values, 'name');
    const declared = Object.entries(SETTINGS).find(([known]) => known === name)?.[1];
    if (declared === undefined) return [`${name} is no service of ours`];
    const env = environmentOf(service);
    const known = new Set(describeSettings(declared).map((setting) => setting.name));
    const unknown = Object.keys(env).filter((variable) => !known.has(variable));
    return [
      ...unknown
        .filter((variable) => !isForOthers(variable))
        .map((variable) => `${name} does not read ${variable}`),
      ...faultsOf(name, () => {
        const choice = platformOf(loadSettings<typeof declared>(declared, env));
        if (choice.kind !== 'gcp') throw new Error('it is not on Google Cloud');
        if (known.has('REVISION_TOKEN_KEY') && (env['REVISION_TOKEN_KEY'] ?? '') === '')
          throw new Error('REVISION_TOKEN_KEY is missing');
        if (env['HOST'] !== '0.0.0.0') throw new Error('nobody can reach it');
      }),
    ];
  });

/** Settings of all services are given to each, whether or not it reads them. */
const isForOthers = (variable: string): boolean =>
  Object.values(SETTINGS).some((declared) =>
    describeSettings(declared).some(({ name }) => name === variable),
  );

function faultsOf(name: string, attempt: () => void): readonly string[] {
  try {
    attempt();
    return [];
  } catch (fault) {
    return [`${name} does not start: ${fault instanceof Error ? fault.message : ''}`];
  }
}

/** Every service has a probe, limits, and room for as many requests as it is sent. */
export const limits: Policy = (plan) =>
  ofType(plan, 'cloud_run_v2_service').flatMap((service) => {
    const name = textAt(service.values, 'name');
    const template = firstOf(field(service.values, 'template'));
    const inside = firstOf(container(service));
    const concurrency = Number(textAt(template, 'max_instance_request_concurrency'));
    const [least, most] = ['min', 'max'].map((end) =>
      Number(textAt(template, 'scaling', `${end}_instance_count`)),
    );
    const wrong = [
      [field(inside, 'startup_probe', 'tcp_socket') === undefined, 'has no probe at its start'],
      [blocks(inside, 'liveness_probe').length > 0, 'is restarted for what a restart cannot mend'],
      [!(concurrency >= 1 && concurrency <= MAX_CONNECTIONS - 50), 'is sent more than it takes'],
      [textAt(inside, 'resources', 'limits', 'memory') === '', 'has no limit of memory'],
      [textAt(inside, 'resources', 'limits', 'cpu') === '', 'has no limit of processors'],
      [!(Number(most) >= 1 && Number(least) <= Number(most)), 'has no bound of instances'],
      [!/^\d+s$/.test(textAt(template, 'timeout')), 'has no bound of time'],
      [name === 'keyserver-publish' && Number(least) < 1, 'starts cold, which shows in its times'],
    ] as const;
    return wrong.filter(([is]) => is).map(([, what]) => `${name} ${what}`);
  });
