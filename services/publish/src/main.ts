import { runService } from '@keyserver/service';
import { startPublish } from './start-publish.ts';

await runService({ name: 'publish', start: startPublish, process });
