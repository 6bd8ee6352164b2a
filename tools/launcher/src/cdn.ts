import { runService } from '@keyserver/service';
import { startCdn } from './start-cdn.ts';
import { findObjects } from './wiring.ts';

await runService({ name: 'cdn', start: startCdn(findObjects), process });
