export {
  appDocument,
  appOf,
  authorityOf,
  authorizedApps,
  exportConfigDocument,
  exportConfigOf,
  exportConfigs,
  healthAuthorities,
  signingKeyOf,
  signingKeys,
} from './configuration.ts';
