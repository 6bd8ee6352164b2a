export { type Field, binOf, fieldsOf, keysIn } from './archive-keys.ts';
export {
  type Death,
  archivesOf,
  deathInSettling,
  expectRecovery,
  openOverlap,
} from './crash-scenario.ts';
export { NOON, aSigningKey, anExport, hour } from './export-builders.ts';
export {
  type ExportFixture,
  type ExportPlatform,
  THIS_MACHINE,
  openExportFixture,
} from './export-fixture.ts';
export { settledContents } from '../batch-contents.ts';
export { revisableDocuments } from '../revisable-documents.ts';
