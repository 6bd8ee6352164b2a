import type { OfferedKey } from '@keyserver/exposure-keys';
import { unixMillis } from '@keyserver/time';
import type { AuthorizedApp, HealthAuthority } from '../authority.ts';

/** The keys of the published certificate vectors; `start` and `period` are given by each vector. */
export const SPELLING = {
  A: 'AAECAwQFBgcICQoLDA0ODw==',
  B: 'EBESExQVFhcYGRobHB0eHw==',
  C: '+/D/7t3Mu6qZiHdmVUQzIg==',
  unpaddedC: '-_D_7t3Mu6qZiHdmVUQzIg',
  D: '/////////////////////w==',
} as const;

/** A key in the spelling of a vector. */
export const vectorKey = (key: string, start: number, period: number, risk = 0): OfferedKey => ({
  key,
  rollingStartNumber: start,
  rollingPeriod: period,
  transmissionRisk: risk,
});

/** The bytes 00 to 1f, a MAC secret. */
export const S32 = Uint8Array.from({ length: 32 }, (_, n) => n);

/** The bytes 01 to 10, a MAC secret. */
export const S16 = Uint8Array.from({ length: 16 }, (_, n) => n + 1);

/** The public key of the complete certificate vector. */
export const VECTOR_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9pDkHkWGiipYehPDZQ1EQqT6edsi
4+tWSDpv2GNvvCNm2EJBxhcLf1vB8ZUryag7q8uSxU0pXaWIztMhrAifQw==
-----END PUBLIC KEY-----`;

/** The authority of the complete certificate vector. */
export const vectorAuthority: HealthAuthority = {
  id: 7,
  issuer: 'doh.example.gov',
  audience: 'keys.example.org',
  name: 'Example Department of Health',
  keys: [{ version: 'r1', publicKey: VECTOR_KEY, from: unixMillis(0), thru: undefined }],
  stats: true,
};

/** An application that trusts that authority. */
export const vectorApp: AuthorizedApp = {
  id: 'gov.example.doh',
  regions: ['US'],
  authorities: [7],
  bypassCertificate: false,
  bypassRevisionToken: false,
};

/** The certificate: `likely`, onset 2699856, valid from 1620123000 through 1620123900, over keys C and A without risks. */
export const VECTOR_CERTIFICATE = [
  'eyJhbGciOiJFUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0',
  'eyJhdWQiOiJrZXlzLmV4YW1wbGUub3JnIiwiZXhwIjoxNjIwMTIzOTAwLCJpYXQiOjE2MjAxMjMwMDAsImlzcyI6ImRvaC5leGFtcGxlLmdvdiIsInJlcG9ydFR5cGUiOiJsaWtlbHkiLCJzeW1wdG9tT25zZXRJbnRlcnZhbCI6MjY5OTg1NiwidGVrbWFjIjoiMFNBbVNoVW5RMHB5RmpyTFI0bklFRjdyb0RxdThrNTJ5aEJzMUdPaG1HTT0ifQ',
  'Net9QlxHk-K7PRYrmLiWjvy9FEf277xg18uUs0tfDZASsYCWyl1s7I2owihziAXOagbY6Khzs0j5or3At1_2LQ',
].join('.');

/** The statistics token of the same authority, for the audience `keyserver`, valid from 1620123000 through 1620123060. */
export const VECTOR_STATS_TOKEN = [
  'eyJhbGciOiJFUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0',
  'eyJhdWQiOiJrZXlzZXJ2ZXIiLCJleHAiOjE2MjAxMjMwNjAsImlhdCI6MTYyMDEyMzAwMCwiaXNzIjoiZG9oLmV4YW1wbGUuZ292IiwibmJmIjoxNjIwMTIzMDAwfQ',
  '9rpQ1CtBBNrxHlR79oVsxs_DIjl6lW1iOe1BLKC6bWxGKKjYtkWg1xCQAF-Ga2eihUcjbCACKy6mtFUQ1yjgIA',
].join('.');
