export { startPublish } from './start-publish.ts';
