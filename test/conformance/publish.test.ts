import { describePublish } from './publish/rows.ts';

// Every row is played by publish.slow.test.ts, on both platforms.
describePublish('one machine', 'a third');
