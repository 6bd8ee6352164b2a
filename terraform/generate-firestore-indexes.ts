import { writeFileSync } from 'node:fs';
import { renderedIndexes } from './rendered-indexes.ts';

writeFileSync(new URL('./firestore-indexes.json', import.meta.url), renderedIndexes());
