import { describePublish } from './publish/rows.ts';

describePublish('Google Cloud');
