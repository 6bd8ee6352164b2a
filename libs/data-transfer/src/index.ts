export type { Difference } from './data-differences.ts';
export { exportData } from './data-export.ts';
export { importData } from './data-import.ts';
export type { Manifest } from './data-manifest.ts';
export { verifyData } from './data-verify.ts';
