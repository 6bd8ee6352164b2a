export { aConfiguration, aFile, aPublicKey, anEntry } from './a-file.ts';
