import { writeFileSync } from 'node:fs';
import { renderedAlarms, renderedJobs, renderedMetrics } from './rendered-tables.ts';

const write = (file: string, text: string): void => {
  writeFileSync(new URL(file, import.meta.url), text);
};

write('./jobs.json', renderedJobs());
write('./monitoring/metrics.json', renderedMetrics());
write('./monitoring/alarms.json', renderedAlarms());
