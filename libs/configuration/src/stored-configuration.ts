import type { Collection, Transaction } from '@keyserver/docstore';
import {
  appDocument,
  appDocumentId,
  appOf,
  authorityDocument,
  authorityOf,
  authorizedApps,
  exportConfigDocument,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
  signingKeyDocument,
  signingKeyOf,
  signingKeys,
} from '@keyserver/stores';
import { type Configuration, type Section, inOrder } from './configuration.ts';
import {
  type DescribedFields,
  appFields,
  authorityFields,
  exportFields,
  signingKeyFields,
} from './described-fields.ts';

/** The configuration as it is stored. */
export const readStored = async (tx: Transaction): Promise<Configuration> =>
  inOrder({
    authorities: await all(tx, healthAuthorities, authorityOf),
    apps: await all(tx, authorizedApps, appOf),
    signingKeys: await all(tx, signingKeys, signingKeyOf),
    exports: await all(tx, exportConfigs, exportConfigOf),
  });

async function all<D, T>(
  tx: Transaction,
  from: Collection<D>,
  read: (id: string, stored: D) => T,
): Promise<readonly T[]> {
  return (await tx.find(from, {})).map(({ id, value }) => read(id, value));
}

/** A document of the configuration as an operator sees it, with the way to store it. */
export interface Described {
  readonly section: Section;
  readonly id: string;
  readonly fields: DescribedFields;
  readonly write: (tx: Transaction) => void;
  readonly remove: (tx: Transaction) => void;
}

/** Every document of a configuration. */
export const describe = (configuration: Configuration): readonly Described[] => [
  ...configuration.authorities.map((authority) =>
    described(
      { section: 'authorities', id: String(authority.id), fields: authorityFields(authority) },
      healthAuthorities,
      authorityDocument(authority),
    ),
  ),
  ...configuration.apps.map((app) =>
    described(
      {
        section: 'apps',
        id: app.id,
        fields: appFields(app),
        documentId: appDocumentId(app.id),
      },
      authorizedApps,
      appDocument(app),
    ),
  ),
  ...configuration.signingKeys.map((key) =>
    described(
      { section: 'signingKeys', id: key.id, fields: signingKeyFields(key) },
      signingKeys,
      signingKeyDocument(key),
    ),
  ),
  ...configuration.exports.map((config) =>
    described(
      { section: 'exports', id: config.id, fields: exportFields(config) },
      exportConfigs,
      exportConfigDocument(config),
    ),
  ),
];

const described = <D>(
  {
    documentId,
    ...of
  }: Pick<Described, 'section' | 'id' | 'fields'> & {
    /** Where it is not the id itself. */
    readonly documentId?: string;
  },
  into: Collection<D>,
  document: D,
): Described => ({
  ...of,
  write: (tx) => {
    tx.set(into, documentId ?? of.id, document);
  },
  remove: (tx) => {
    tx.delete(into, documentId ?? of.id);
  },
});
