export { boundUploadOf } from './bound-upload.ts';
export { parseV1Upload } from './http/publish-request.ts';
export { startPublish } from './start-publish.ts';
