import { renderedIndexes } from '../../terraform/rendered-indexes.ts';
import { type Policy, type Value, blocks, ofType, textAt } from './plan.ts';

interface Declared {
  readonly indexes: readonly {
    readonly collection: string;
    readonly fields: readonly Field[];
  }[];
  readonly fields: readonly {
    readonly collection: string;
    readonly field: string;
    readonly indexes: readonly Omit<Field, 'field'>[];
  }[];
  readonly ttl: readonly { readonly collection: string; readonly field: string }[];
}

interface Field {
  readonly field: string;
  readonly order?: string;
  readonly arrayConfig?: string;
}

/** What the code declares at this moment, not what was written down of it. */
const declared = JSON.parse(renderedIndexes()) as Declared;

const kind = (of: Value | undefined): string => textAt(of, 'order') || textAt(of, 'array_config');

const wanted = (): ReadonlySet<string> =>
  new Set([
    ...declared.indexes.map(
      ({ collection, fields }) =>
        `${collection}(${fields.map(({ field, order, arrayConfig }) => `${field} ${order ?? arrayConfig ?? ''}`).join(', ')})`,
    ),
    ...declared.fields.map(
      ({ collection, field, indexes }) =>
        `${collection}.${field}: ${indexes.map(({ order, arrayConfig }) => order ?? arrayConfig ?? '').join(', ')}`,
    ),
    ...declared.ttl
      .filter(
        (ttl) =>
          !declared.fields.some(
            (one) => one.collection === ttl.collection && one.field === ttl.field,
          ),
      )
      .map(({ collection, field }) => `${collection}.${field}: `),
    ...declared.ttl.map(({ collection, field }) => `${collection}.${field} expires`),
  ]);

/** The indexes, exemptions and expiries of a plan are those that the code declares, and no others. */
export const indexes: Policy = (plan) => {
  const found = new Set([
    ...ofType(plan, 'firestore_index').map(
      ({ values }) =>
        `${textAt(values, 'collection')}(${blocks(values, 'fields')
          .map((one) => `${textAt(one, 'field_path')} ${kind(one)}`)
          .join(', ')})`,
    ),
    ...ofType(plan, 'firestore_field').flatMap(({ values }) => {
      const name = `${textAt(values, 'collection')}.${textAt(values, 'field')}`;
      const [config] = blocks(values, 'index_config');
      const own =
        config === undefined ? 'inherited' : blocks(config, 'indexes').map(kind).join(', ');
      const expires = blocks(values, 'ttl_config').length > 0 ? [`${name} expires`] : [];
      return [`${name}: ${own}`, ...expires];
    }),
  ]);
  return [
    ...[...wanted()].filter((one) => !found.has(one)).map((one) => `missing: ${one}`),
    ...[...found].filter((one) => !wanted().has(one)).map((one) => `undeclared: ${one}`),
  ];
};

/** The database locks what it reads, cannot be deleted by accident, is copied, and keeps no deleted key beyond its copies. */
export const database: Policy = (plan) => {
  const all = ofType(plan, 'firestore_database');
  const schedules = ofType(plan, 'firestore_backup_schedule');
  const wrong = all.flatMap(({ values }) =>
    (
      [
        ['database_edition', 'STANDARD'],
        ['concurrency_mode', 'PESSIMISTIC'],
        ['type', 'FIRESTORE_NATIVE'],
        ['delete_protection_state', 'DELETE_PROTECTION_ENABLED'],
        ['point_in_time_recovery_enablement', 'POINT_IN_TIME_RECOVERY_DISABLED'],
      ] as const
    )
      .filter(([name, value]) => values[name] !== value)
      .map(([name]) => `${name} is ${textAt(values, name)}`),
  );
  return [
    ...(all.length === 1 ? [] : [`there are ${all.length} databases`]),
    ...wrong,
    ...(['daily', 'weekly'] as const)
      .filter(
        (often) =>
          !schedules.some(({ values }) => blocks(values, `${often}_recurrence`).length > 0),
      )
      .map((often) => `there is no ${often} copy`),
  ];
};

/** Signing keys are P-256, keys can be had back for a while, and what wraps is exchanged by itself. */
export const kms: Policy = (plan) =>
  ofType(plan, 'kms_crypto_key').flatMap(({ values }) => {
    const name = textAt(values, 'name');
    const signs = values['purpose'] === 'ASYMMETRIC_SIGN';
    const algorithm = textAt(values, 'version_template', 'algorithm');
    return [
      ...(signs && algorithm !== 'EC_SIGN_P256_SHA256' ? [`${name} is ${algorithm}`] : []),
      ...(!signs && textAt(values, 'rotation_period') === '' ? [`${name} is never exchanged`] : []),
      ...(parseInt(textAt(values, 'destroy_scheduled_duration')) >= 7 * 86_400
        ? []
        : [`${name} is gone at once`]),
    ];
  });
