import { describeVerification } from './verification/rows.ts';

describeVerification('Google Cloud');
