import type { DocumentStore } from '@keyserver/docstore';
import { anExport, hour } from '@keyserver/export/testing';
import { keyHex, packRecords } from '@keyserver/exposure-keys';
import type { KeyRange } from '@keyserver/operations';
import { padRevised } from '@keyserver/stores';
import { aKey, auditedSteps } from '@keyserver/stores/testing';
import type { SimulatedClock } from '@keyserver/time';
import { describeDeletedKeys } from './deleted-keys.ts';
import {
  PEOPLE,
  RANGE,
  documentsIn,
  dyingAfter,
  exported,
  forgetful,
  generatedIn,
  hexOf,
  recallGround,
  revisedIn,
  revokedIn,
} from './recall-ground.ts';

/** Tests recalls and deletions over stores that are opened so. */
export function describeRecalledKeys(
  platform: string,
  openStore: (clock: SimulatedClock) => Promise<DocumentStore>,
  { locks }: { readonly locks: boolean },
): void {
  const ground = recallGround(openStore);
  const { opened, published, revoke, survey } = ground;

  describe(`a recall on ${platform}`, () => {
    it('lists the keys of its range as taken back in the next file, with two generated documents for each', async () => {
      const fixture = await published();
      const primaries = await documentsIn(fixture.store);
      expect(await survey(fixture)).toEqual({
        ...{ untouched: { documents: 0, keys: 0 }, begun: { documents: 0, keys: 0 } },
        settled: { documents: PEOPLE, keys: 2 * PEOPLE },
      });
      const before = await fixture.index();
      expect(await revoke(fixture)).toEqual({
        ...{ documents: PEOPLE, keys: 2 * PEOPLE, before: 0, generated: 2 * PEOPLE },
      });
      await exported(fixture);
      expect((await fixture.index())?.slice(0, before?.length)).toEqual(before);
      const revised = await revisedIn(fixture);
      expect(revised).toEqual(expect.arrayContaining([...fixture.people]));
      const generated = await generatedIn(fixture);
      const others = revised.filter((key) => !fixture.people.includes(key));
      expect(others.filter((key) => !generated.has(key))).toEqual([]);
      const of = primaries.filter(({ keys }) => hexOf(keys).some((key) => others.includes(key)));
      expect(of.map(({ app, window }) => [app, window])).toEqual(of.map(() => ['app', hour(8)]));
      expect(await auditedSteps(fixture.store)).toMatchObject([
        { actor: 'alex', operation: 'keys.revoke', changes: [{ section: 'keys' }] },
      ]);
    });

    it('marks what it takes back, so that padding revises none of it again', async () => {
      const fixture = await published();
      await revoke(fixture);
      const marked = new Set<string>();
      for await (const page of fixture.store.pages(padRevised, {}))
        for (const { id } of page) marked.add(id);
      expect(marked.size).toBe(3 * PEOPLE);
    });

    it('takes nothing back twice, whatever was revised since', async () => {
      const fixture = await published();
      await revoke(fixture);
      const first = await revokedIn(fixture);
      expect(await revoke(fixture)).toEqual({
        ...{ documents: 0, keys: 0, before: 2 * PEOPLE, generated: 0 },
      });
      await exported(fixture);
      expect(await revoke(fixture)).toMatchObject({ keys: 0, generated: 0 });
      expect((await revokedIn(fixture)).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    });

    it('takes back a key that was revised to another report type, and goes out no sooner than that', async () => {
      const fixture = await opened();
      const likely = { ...aKey(1), reportType: 'likely' } as const;
      await fixture.publish(0, { window: hour(8), records: packRecords([likely]) });
      await fixture.publish(0, {
        ...{ window: hour(11), kind: 'revision' },
        records: packRecords([aKey(1)]),
      });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect(await revoke(fixture)).toMatchObject({ documents: 1, keys: 1, before: 0 });
      await exported(fixture);
      expect(await revisedIn(fixture)).toContain(keyHex(likely.data));
      expect(await revoke(fixture)).toMatchObject({ keys: 0, before: 1 });
    });

    it('takes back what was revised before with generated documents that were, and no others', async () => {
      const fixture = await opened(anExport({ minRecords: 400 }));
      const likely = (n: number) => ({ ...aKey(n), reportType: 'likely' }) as const;
      for (const n of [1, 2])
        await fixture.publish(0, { window: hour(8), records: packRecords([likely(n)]) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      const revision = {
        window: hour(12),
        kind: 'revision',
        records: packRecords([aKey(1)]),
      } as const;
      await fixture.publish(0, revision);
      await exported(fixture);
      const twice = new Set(await revisedIn(fixture));
      const before = await revokedIn(fixture);
      expect(await revoke(fixture)).toMatchObject({ documents: 2, keys: 2, generated: 4 });
      const revoked = (await revokedIn(fixture)).filter(
        ({ id }) => !before.some((one) => one.id === id),
      );
      expect(revoked).toHaveLength(6);
      const again = revoked.filter(({ keys }) => hexOf(keys).some((key) => twice.has(key)));
      expect(again).toHaveLength(3);
      expect(again.flatMap(({ keys }) => hexOf(keys))).toContain(keyHex(aKey(1).data));
      expect(new Set(revoked.map(({ window }) => window)).size).toBe(1);
    });

    it.each([1, 2])(
      'that dies after %i transactions is made up for by another: every key once, each document with its share',
      async (transactions) => {
        const fixture = await opened(anExport({ minRecords: 400 }));
        const people: string[] = [];
        for (let n = 0; n < 20; n++)
          people.push(...(await fixture.publish(1, { window: hour(8) })));
        fixture.clock.advance(fixture.store.closingDelay);
        await fixture.run();
        const dead = revoke(fixture, RANGE, dyingAfter(fixture.store, 3 + transactions));
        await expect(dead).rejects.toThrow('the process is dead');
        const some = await revokedIn(fixture);
        expect(some.length % 3).toBe(0);
        const rest = await revoke(fixture);
        expect(rest.keys + rest.before).toBe(20);
        const all = (await revokedIn(fixture)).flatMap(({ keys }) => hexOf(keys));
        expect(new Set(all).size).toBe(all.length);
        expect(people.filter((key) => !all.includes(key))).toEqual([]);
        expect(await revokedIn(fixture)).toHaveLength(60);
      },
    );

    it('whose answers are lost says what it did, and does it once', async () => {
      const fixture = await published();
      expect(await revoke(fixture, RANGE, forgetful(fixture.store))).toEqual({
        ...{ documents: PEOPLE, keys: 2 * PEOPLE, before: 0, generated: 2 * PEOPLE },
      });
      expect(await revokedIn(fixture)).toHaveLength(3 * PEOPLE);
      expect(await auditedSteps(fixture.store)).toHaveLength(1);
    });

    it.each<[string, Partial<KeyRange>]>([
      ['of another app', { app: 'nobody' }],
      ['of another region', { region: 'CA' }],
      ['of a query', { app: undefined, query: 'neighbour' }],
      ['of other windows', { from: hour(5), until: hour(7) }],
    ])('%s takes nothing back', async (_, range) => {
      const fixture = await opened();
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      expect((await survey(fixture)).settled).toEqual({ documents: 1, keys: 2 });
      expect(await revoke(fixture, { ...RANGE, ...range })).toEqual({
        ...{ documents: 0, keys: 0, before: 0, generated: 0 },
      });
      expect(await revokedIn(fixture)).toEqual([]);
    });

    it('leaves alone what is not settled', async () => {
      const fixture = await opened();
      await fixture.publish(3, { window: hour(8) });
      expect((await survey(fixture)).untouched).toEqual({ documents: 1, keys: 3 });
      expect(await revoke(fixture)).toMatchObject({ documents: 0, keys: 0 });
      expect(await revokedIn(fixture)).toEqual([]);
    });

    it('of keys that a partner sent is of its source and region, and takes back no generated ones', async () => {
      const fixture = await opened();
      const foreign = { origin: 'federated', sourceId: 'neighbour', app: '' } as const;
      await fixture.publish(2, { window: hour(8), ...foreign });
      await fixture.publish(2, { window: hour(8) });
      fixture.clock.advance(fixture.store.closingDelay);
      await fixture.run();
      const range = { ...RANGE, app: undefined, query: 'neighbour' };
      expect(await revoke(fixture, range)).toMatchObject({ documents: 1, keys: 2, generated: 0 });
      expect(await revokedIn(fixture)).toMatchObject([{ ...foreign, regions: ['US'] }]);
    });
  });

  describeDeletedKeys(platform, ground, { locks });
}
