import type { Epoch } from '@keyserver/federation';
import { aPartner } from '@keyserver/federation/testing';
import { unixMillis } from '@keyserver/time';
import { knownSinceReset } from './since-reset.ts';

/** Units whose number says how often everything was forgotten. */
function units() {
  let begun = 0;
  let epoch: Promise<Epoch> = Promise.resolve({ number: 0, resets: [] });
  const known = knownSinceReset(
    async () => await epoch,
    () => {
      const to = unixMillis(begun++);
      return {
        findUnit: () => Promise.resolve({ kind: 'nothing', to }),
        loadUnit: () => Promise.reject(new Error('not asked for')),
        storeTime: () => Promise.resolve(to),
      };
    },
  );
  return {
    ...known,
    forgotten: async () => [
      await known.findUnit(aPartner(), unixMillis(0)),
      await known.storeTime(),
    ],
    /** Reads the epoch while this is the one. */
    reads: async (number: number | Promise<number>) => {
      epoch = Promise.resolve(number).then((n) => ({ number: n, resets: [] }));
      return (await known.readEpoch()).number;
    },
  };
}
const times = (n: number) => [{ kind: 'nothing', to: n }, n];

it('forgets what it knows, times too, once with each epoch that begins', async () => {
  const { reads, forgotten } = units();
  expect([await reads(0), await reads(0)]).toEqual([0, 0]);
  expect(await forgotten()).toEqual(times(0));
  expect([await reads(1), await reads(1)]).toEqual([1, 1]);
  expect(await forgotten()).toEqual(times(1));
  await reads(3);
  expect(await forgotten()).toEqual(times(2));
});

it('keeps what it knows when it starts in a later epoch, since it knows nothing of an earlier one', async () => {
  const { reads, forgotten } = units();
  await reads(7);
  expect(await forgotten()).toEqual(times(0));
});

it('keeps what it knows when a slow reading ends with an earlier epoch, and gives that one to its call', async () => {
  const { reads, forgotten } = units();
  await reads(1);
  let arrives: (number: number) => void = () => undefined;
  const slow = new Promise<number>((resolve) => {
    arrives = resolve;
  });
  const reading = reads(slow);
  await reads(2);
  arrives(1);
  expect(await reading).toBe(1);
  expect(await forgotten()).toEqual(times(1));
  await reads(2);
  expect(await forgotten()).toEqual(times(1));
});

it('keeps what it knows when the epoch cannot be read, and says so', async () => {
  const { reads, forgotten } = units();
  await reads(1);
  await expect(reads(Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(await forgotten()).toEqual(times(0));
});
