import { base } from './jest.config.js';

export default {
  ...base,
  testMatch: ['**/*.slow.test.ts'],
  testTimeout: 300_000,
  maxWorkers: 3, // on two cores: one of three waits for a disk, the network or a timer most of the time
};
