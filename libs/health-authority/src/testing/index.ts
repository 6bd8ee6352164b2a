export { type CertifyingAuthority, certifyingAuthority } from './certifying.ts';
