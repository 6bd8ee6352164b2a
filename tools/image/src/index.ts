export { billOfMaterials, readLockFile } from './bill-of-materials.ts';
export { digestOf, pathsBelow } from './digest.ts';
export { parseDockerfile } from './dockerfile.ts';
export { parseIgnored } from './ignored.ts';
export { type Built, perform } from './perform.ts';
export { folderOf, reachedFrom } from './reached.ts';
