export {
  APP_ATTEST_CLAIMS,
  type AppAttestFacts,
  type AttestationQuestion,
  type VerifyAppAttest,
  appAttestVerifier,
} from './app-attest.ts';
