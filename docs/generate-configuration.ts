import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration-page.ts';
import { openApiText } from './openapi.ts';

writeFileSync(new URL('./configuration.md', import.meta.url), configurationPage());
writeFileSync(new URL('./api/openapi.json', import.meta.url), openApiText());
