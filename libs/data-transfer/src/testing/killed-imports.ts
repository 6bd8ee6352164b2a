import { isDeepStrictEqual } from 'node:util';
import { importData } from '../import.ts';
import { aStore, anExport, faulty, reasonOf } from './moves.ts';
import { type Placed, contentOf, someDocuments } from './stored-documents.ts';

/** So many documents of keys, more than a transaction takes, between those of collections before and after them. */
const fewKinds = (keyBatches: number): readonly Placed[] => {
  const kinds = ['exportConfigs', 'keyBatches', 'signingKeys'];
  return someDocuments(keyBatches).filter(({ collection }) =>
    kinds.includes(collection.layout.name),
  );
};

/** The claim, four groups, and the end. */
const TRANSACTIONS = 6;

/** Tests imports that are killed at some of their transactions, or at each of them. */
export function describeKilledImports(where: 'some' | 'every'): void {
  const all = Array.from({ length: TRANSACTIONS + 1 }, (_, n) => n + 1);
  // One in the midst of the keys, and one more than there are.
  const at = where === 'every' ? all : [4, TRANSACTIONS + 1];

  it.each([false, true])(
    `goes on after it was killed at ${where} transaction (committed: %s), and comes to the same`,
    async (committed) => {
      const { directory, source } = await anExport(fewKinds(520));
      const wanted = await contentOf(source);
      for (const transaction of at) {
        const target = await aStore();
        const killed = await importData(faulty(target, { transaction, committed }), {
          directory,
        }).then(reasonOf, (fault: unknown) => (fault as Error).message);
        expect(killed).toBe(transaction > TRANSACTIONS ? 'imported' : 'away');
        expect(['imported', 'imported-before']).toContain(
          reasonOf(await importData(target, { directory })),
        );
        expect(isDeepStrictEqual(await contentOf(target), wanted)).toBe(true); // in a tenth of the time of toEqual
        await target.close();
      }
    },
  );
}
