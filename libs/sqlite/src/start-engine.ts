/** Where the engine of a store runs unless its settings name another place: a thread of its own. */
export { startInThread as startEngine } from './connection.ts';
