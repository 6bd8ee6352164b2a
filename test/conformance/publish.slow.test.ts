import { describePublish } from './publish/rows.ts';

describePublish('Google Cloud', 'every row');
describePublish('one machine', 'every row');
