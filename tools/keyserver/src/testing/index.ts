export { NOW, type Ran, aFileWith, inScratch, keyserver } from './run-cli.ts';
export { phoneKeys, publishRequest } from '../publish/request.ts';
