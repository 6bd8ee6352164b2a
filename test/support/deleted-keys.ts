import type { DocumentStore, Transaction } from '@keyserver/docstore';
import { hour } from '@keyserver/export/testing';
import { type ExposureKey, keyHex, packRecords } from '@keyserver/exposure-keys';
import { aKey, auditedSteps } from '@keyserver/stores/testing';
import { HOUR } from '@keyserver/time';
import {
  RANGE,
  type RecallGround,
  documentsIn,
  dyingAfter,
  forgetful,
  hexOf,
  revisedIn,
} from './recall-ground.ts';

/** Tests deletions. */
export function describeDeletedKeys(
  platform: string,
  { opened, published, revoke, remove, survey }: RecallGround,
  { locks }: { readonly locks: boolean },
): void {
  describe(`a deletion on ${platform}`, () => {
    const likely = (n: number): ExposureKey => ({ ...aKey(n), reportType: 'likely' });

    it('takes what nobody has begun to count, with the revisions of its keys alone', async () => {
      const fixture = await opened();
      await fixture.publish(0, { window: hour(8), records: packRecords([likely(1), likely(2)]) });
      const other = { window: hour(10), app: 'other' };
      await fixture.publish(0, { ...other, records: packRecords([likely(3)]) });
      await fixture.publish(0, {
        ...{ window: hour(11), kind: 'revision' },
        records: packRecords([aKey(1), aKey(3)]),
      });
      expect(await remove(fixture)).toEqual({ documents: 1, keys: 2, revisions: 1, kept: 0 });
      const left = await documentsIn(fixture.store);
      expect(left.map(({ kind, keys }) => [kind, hexOf(keys)]).toSorted()).toEqual([
        ['primary', hexOf([aKey(3)])],
        ['revision', hexOf([aKey(3)])],
      ]);
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect(await revisedIn(fixture)).toContain(keyHex(aKey(3).data));
      expect(await fixture.download()).not.toContain(keyHex(aKey(1).data));
      expect(await auditedSteps(fixture.store)).toMatchObject([{ operation: 'keys.delete' }]);
    });

    it('takes nothing of what is in files', async () => {
      const fixture = await published();
      const before = await documentsIn(fixture.store);
      expect(await remove(fixture)).toEqual({ documents: 0, keys: 0, revisions: 0, kept: 0 });
      expect(await documentsIn(fixture.store)).toEqual(before);
    });

    it('takes nothing of what is being counted, which can be taken back neither', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      const dying = fixture.mortal((port) => {
        if (port === 'before cells.write') throw new Error('the worker is dead');
      });
      await fixture.run(dying);
      expect(await survey(fixture)).toEqual({
        ...{ untouched: { documents: 0, keys: 0 }, settled: { documents: 0, keys: 0 } },
        begun: { documents: 1, keys: 2 },
      });
      expect(await remove(fixture)).toMatchObject({ documents: 0 });
      expect(await revoke(fixture)).toMatchObject({ documents: 0 });
    });

    it('keeps what a worker may have read, from the moment when it leases the file', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.cut();
      const leased = await fixture.deps.queue.lease({ lengthMs: HOUR, wants: () => true });
      expect(leased).toBeDefined();
      expect(await remove(fixture)).toEqual({ documents: 0, keys: 0, revisions: 0, kept: 1 });
    });

    it('takes what lies in a file that is cut and that nobody has leased', async () => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.cut();
      expect(await remove(fixture)).toMatchObject({ documents: 1, keys: 2, kept: 0 });
    });

    // Where transactions lock what they read, the count waits for the end of the deletion instead.
    if (!locks)
      it('keeps what somebody begins to count between its reads and its end', async () => {
        const fixture = await opened();
        const keys = await fixture.publish(2, { window: hour(8) });
        fixture.clock.advance(fixture.store.closingDelay);
        let interruptions = 0;
        const transact = async <T>(decide: (tx: Transaction) => Promise<T>): Promise<T> =>
          await fixture.store.transact(async (tx) => {
            const deletes: string[] = [];
            const watched: Transaction = Object.assign(Object.create(tx) as Transaction, {
              delete: (...given: Parameters<Transaction['delete']>) => {
                deletes.push(given[1]);
                tx.delete(...given);
              },
            });
            const decided = await decide(watched);
            if (deletes.length > 0 && interruptions++ === 0) await fixture.run();
            return decided;
          });
        const slow = Object.assign(Object.create(fixture.store) as DocumentStore, { transact });
        expect(await remove(fixture, RANGE, slow)).toMatchObject({ documents: 0, kept: 1 });
        expect(interruptions).toBe(1);
        expect(await fixture.download()).toEqual(expect.arrayContaining([...keys]));
      });

    it('that was stopped goes on, and whose answer was lost says what it did', async () => {
      const fixture = await opened();
      for (let n = 0; n < 12; n++) await fixture.publish(1, { window: hour(8) });
      const dead = remove(fixture, RANGE, dyingAfter(fixture.store, 4));
      await expect(dead).rejects.toThrow('the process is dead');
      const left = (await documentsIn(fixture.store)).length;
      expect(await remove(fixture, RANGE, forgetful(fixture.store))).toMatchObject({
        documents: left,
      });
      expect(await documentsIn(fixture.store)).toEqual([]);
    });
  });
}
