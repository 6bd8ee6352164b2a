import fc from 'fast-check';
import { importData } from '../import.ts';
import { aStore, anExport } from './moves.ts';
import { anyDocuments, contentOf } from './stored-documents.ts';

/** Tests so many draws of documents of all collections, which an export and an import carry over. */
export function describeEveryKind(numRuns: number): void {
  it('carry documents of every kind over as they are', async () => {
    await fc.assert(
      fc.asyncProperty(anyDocuments, async (documents) => {
        const { directory, source } = await anExport(documents);
        const target = await aStore();
        expect(await importData(target, { directory })).toMatchObject({ kind: 'imported' });
        expect(await contentOf(target)).toEqual(await contentOf(source));
      }),
      { numRuns },
    );
  });
}
