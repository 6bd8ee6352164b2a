export { NOW, type Ran, aFileWith, inScratch, keyserver } from './run-cli.ts';
export { phoneKeys } from '../export/phone-keys.ts';
export { publishRequest } from '../publish/publish-request.ts';
