export { type Random, randomId, shuffle, systemRandom } from './random.ts';
