import type { DocumentStore } from '@keyserver/docstore';
import type { ExportConfig, Signer, SigningKey } from '@keyserver/export-file';
import { memorySigner } from '@keyserver/export-file/testing';
import type { Partner } from '@keyserver/federation';
import {
  changesFrom,
  exportConfigDocument,
  exportConfigs,
  partnerDocument,
  partnerVersionChange,
  partners,
  signingKeyDocument,
  signingKeys,
  versionChange,
} from '@keyserver/stores';
import { DAY } from '@keyserver/time';

/** What signs in a fixture, by the name of the key. */
export type FixtureSigners = Map<string, Signer & { readonly pem: string }>;

/** What an operator does. */
export interface FixtureOperator {
  /** Configures exports as an operator does: once a day has a plan, a change holds from the next midnight. */
  configure(...configs: readonly ExportConfig[]): Promise<void>;
  /** Configures partners in the same way. */
  admit(...partners: readonly Partner[]): Promise<void>;
  /** Takes the grant of a partner back. */
  revoke(id: string): Promise<void>;
  declare(...keys: readonly SigningKey[]): Promise<void>;
}

/** The operator of a store, who gives each declared key something that signs. */
export const operatorOf = (store: DocumentStore, signers: FixtureSigners): FixtureOperator => ({
  async configure(...configs) {
    await store.transact(async (tx) => {
      const from = await changesFrom(tx, DAY);
      const changes = [];
      for (const config of configs)
        changes.push({ config, keep: await versionChange(tx, { id: config.id, from }) });
      for (const { config, keep } of changes) {
        tx.set(exportConfigs, config.id, exportConfigDocument(config));
        keep(config);
      }
    });
  },
  async admit(...admitted) {
    await store.transact(async (tx) => {
      const from = await changesFrom(tx, DAY);
      const changes = [];
      for (const partner of admitted)
        changes.push({
          partner,
          keep: await partnerVersionChange(tx, { id: partner.id, from }),
        });
      for (const { partner, keep } of changes) {
        tx.set(partners, partner.id, partnerDocument(partner));
        keep(partner);
      }
    });
  },
  async revoke(id) {
    await store.transact(async (tx) => {
      const keep = await partnerVersionChange(tx, { id, from: await changesFrom(tx, DAY) });
      tx.delete(partners, id);
      keep(undefined);
    });
  },
  async declare(...declared) {
    for (const { signingKey } of declared)
      if (!signers.has(signingKey)) signers.set(signingKey, memorySigner());
    await store.transact(async (tx) => {
      for (const key of declared) tx.set(signingKeys, key.id, signingKeyDocument(key));
      await Promise.resolve();
    });
  },
});
