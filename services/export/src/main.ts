import { runService } from '@keyserver/service';
import { startExport } from './start-export.ts';

await runService({ name: 'export', start: startExport, process });
