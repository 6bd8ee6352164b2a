export { exportData } from './export.ts';
export { importData } from './import.ts';
export type { Manifest } from './manifest.ts';
export { type Difference, verifyData } from './verify.ts';
