import { quickRandom } from '../../padding/quick-random.ts';
import { Turns } from '../../padding/turns.ts';
import { FederationModel } from './federation-model.ts';
import { type LinkState, pullOver } from './network.ts';

/** A run over the first link of a model, each step of which succeeds unless one in `deadly` fails. */
async function run(change: Partial<LinkState['serving']>, deadly: number): Promise<void> {
  const random = quickRandom('a network');
  const model = new FederationModel(random);
  const state = model.links[0]!;
  const turns = new Turns(random);
  const changed = { ...state, serving: { ...state.serving, ...change } };
  for (let runs = 0; runs < 20; runs++) {
    await turns.start(async (worker) => {
      await pullOver(model, changed, worker);
    });
    while (await turns.next(deadly));
  }
  expect(model.seen).toEqual([]);
}

describe('a run of the model', () => {
  it('takes calls and answers that are lost for failures of the network', async () => {
    await expect(run({}, 2)).resolves.toBeUndefined();
  });

  it.each([
    ['every call arrives', 0],
    ['some are lost', 4],
  ])('ends with the bug of a server that throws, where %s', async (_, deadly) => {
    const bug = new RangeError('no store time');
    await expect(run({ storeTime: () => Promise.reject(bug) }, deadly)).rejects.toMatchObject({
      errors: [bug],
    });
  });
});
