import { base } from './jest.config.js';

export default { ...base, testMatch: ['**/*.slow.test.ts'], testTimeout: 300_000, maxWorkers: 2 };
