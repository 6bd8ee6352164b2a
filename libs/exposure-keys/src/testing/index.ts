export { keyText, offeredKey } from './offered-key.ts';
