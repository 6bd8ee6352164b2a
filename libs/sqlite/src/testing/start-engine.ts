/**
 * Where the engine of a store runs in the processes of the tests, unless its settings name another place: the thread of the test.
 * A thread of its own takes 50 to 100 ms of a processor, mostly to load its modules. The condition `engine-in-process` chooses this
 * file in the place of `../start-engine.ts`; only the runner of the tests gives it, and none of the processes that tests start.
 */
export { startInProcess as startEngine } from './engine-in-process.ts';
