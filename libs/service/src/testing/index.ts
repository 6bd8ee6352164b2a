export { type RawConnection, rawConnection } from './raw-http.ts';
export { testIssuer } from './test-issuer.ts';
