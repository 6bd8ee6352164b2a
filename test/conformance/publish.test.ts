import { describePublish } from './publish/rows.ts';

// On Google Cloud the same rows are tested by publish.slow.test.ts.
describePublish('one machine');
