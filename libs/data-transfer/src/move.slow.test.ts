import { closeTestStores } from '@keyserver/sqlite/testing';
import { describeEveryKind } from './testing/every-kind.ts';
import { describeKilledImports } from './testing/killed-imports.ts';
import { removeScratch } from './testing/stored-documents.ts';

afterEach(async () => {
  await closeTestStores();
  await removeScratch();
});

describe('an export and an import', () => {
  describeEveryKind(8);
});

describe('an import', () => {
  describeKilledImports('every');
});
