import { readFileSync, writeFileSync } from 'node:fs';
import { presentNeeds } from './released-needs.ts';

// Run when a release is made: from then on, upgrade.md tells what has changed since.
const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
const [, release] = /"version": "([^"]+)"/.exec(manifest) ?? [];
const released = `${JSON.stringify({ release, ...presentNeeds() }, undefined, 2)}\n`;
writeFileSync(new URL('./released.json', import.meta.url), released);
