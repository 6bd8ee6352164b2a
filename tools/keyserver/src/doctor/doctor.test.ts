import { stopServing } from '../testing/serve.ts';
import { aSoundServer, answersOf, doctorAt } from './testing/sound-server.ts';

let sound: string;
beforeAll(async () => {
  sound = await aSoundServer();
});
afterEach(stopServing);

it('finds nothing wrong with a sound server', async () => {
  const ran = await doctorAt(['--data-dir', sound], await answersOf(sound));
  expect(ran.out).toBe('');
});
