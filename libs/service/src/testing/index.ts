export { type RawConnection, rawConnection } from './raw-http.ts';
