import { describeVerification } from './verification/rows.ts';

// On Google Cloud the same rows are tested by verification.slow.test.ts.
describeVerification('one machine');
