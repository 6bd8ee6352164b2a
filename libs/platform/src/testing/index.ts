export { type TestAmbient, testAmbient } from './test-ambient.ts';
export { type TestMachine, testMachine } from './test-machine.ts';
