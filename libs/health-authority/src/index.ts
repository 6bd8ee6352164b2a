export type {
  AuthorityKey,
  AuthorizedApp,
  FindApp,
  FindAuthority,
  HealthAuthority,
} from './authority.ts';
